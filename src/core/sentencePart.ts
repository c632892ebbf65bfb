/** The first line of a library's message without its full stop, so that it fits into a sentence. */
export function sentencePart(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/\s+/g, ' ').replace(/[.:]\s*$/, '');
}
