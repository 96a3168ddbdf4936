import { hostname, userInfo } from 'node:os';

/** Who runs this process, `user@host`, as far as the system tells. */
export function whoRuns(): string | undefined {
  return [told(() => userInfo().username), told(hostname)].filter(Boolean).join('@') || undefined;
}

// In a container a user may have no name.
function told(ask: () => string): string {
  try {
    return ask();
  } catch {
    return '';
  }
}
