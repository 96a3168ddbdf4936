/** Milliseconds as people read them: `12 ms`, `1.5 s`. What takes less than one is said to take one. */
export function durationText(duration: number): string {
  const rounded = Math.round(duration);
  return rounded < 1000 ? `${Math.max(1, rounded)} ms` : `${(duration / 1000).toFixed(1)} s`;
}
