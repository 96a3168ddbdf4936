/**
 * A text of somebody else's (SQL, values, messages) as it may be put on a terminal: what that would obey instead of
 * showing it, an escape or a change of the direction of writing, is written as `\x1b`. Lines and tabs stay.
 */
export function visible(text: string): string {
  return text.replaceAll(OBEYED, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}

const OBEYED = /[^\P{Cc}\n\r\t]|\r(?!\n)|[\u202A-\u202E\u2066-\u2069]/gu;
