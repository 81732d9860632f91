/** What the caller of a test run says is run elsewhere. */

/** The phrases of RUN_ELSEWHERE, which are separated by commas: a test that is skipped for a reason with one of them is answered for. */
export function phrasesElsewhere(): readonly string[] {
  return (process.env.RUN_ELSEWHERE ?? '')
    .split(',')
    .map((phrase) => phrase.trim())
    .filter((phrase) => phrase !== '');
}
