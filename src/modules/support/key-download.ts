import { defineFetch } from './http.ts'

/** Bytes of a key file, with which it is refused. */
const LIMIT = 1024 * 1024
const SECONDS = 30
const FAILED = 'fetched no'

export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text)

/** Shell text that prints a file of a web server in Base64. */
export const keyDownload = (url: string, validateCerts = true): string =>
  [
    defineFetch({ url, headers: {}, validateCerts, followRedirects: true, connectTimeout: SECONDS }),
    `exec 3>&1; { lb_fetch || echo '${FAILED}' >&3; } | head -c ${LIMIT + 1} | base64 | tr -d '\\n'; exec 3>&-`,
  ].join('\n')

/** What {@link keyDownload} printed; undefined: the download failed. */
export const downloadedKey = (stdout: string): Buffer | undefined =>
  stdout.includes(FAILED) ? undefined : Buffer.from(stdout.trim(), 'base64')

/** Follows the name of a key's source. */
export function sizeProblem({ length }: Buffer): string | undefined {
  if (length === 0) return 'is empty'
  return length > LIMIT ? 'has more than 1 MiB, too much for a key' : undefined
}
