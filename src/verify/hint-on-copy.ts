/** What an error of the engine says to do, where it failed on a copy: that is gone, and what is run again is the proof. */
export function hintOnCopy(hint: string): string {
  return REPLACED.reduce((text, [pattern, by]) => text.replace(pattern, by), hint).trim();
}

const AGAIN = 'run the verification again.';

const REPLACED: readonly (readonly [pattern: RegExp, by: string])[] = [
  [
    /run decant migrate:(?:up|down) again(?:; the database is as it was before it\.|: it goes on there\.)/,
    AGAIN,
  ],
  [
    /(?<=^| )(?:The database is as it was before it|The batch that failed was rolled back; .* are done, and stay|It ran without a transaction: what it did is in the database)\. ?/,
    '',
  ],
  [/It ran without a transaction: look at what it left, mend it, and run again\.$/, `Mend it and ${AGAIN}`],
  [/^What it had committed is in the database; look at it, take/, 'Take'],
  [/(?<=, and )run again\.$/, AGAIN],
];
