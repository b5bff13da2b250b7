/** What of the package `htpasswd` is called here; it brings no types. */
declare module 'htpasswd/src/utils.js' {
  const utils: {
    /** @param options - as the command's parser has them; the password is the last of `args`. */
    encode(options: { bcrypt: true; cost: number; args: readonly string[] }): string
    verify(hash: string, password: string): boolean
  }
  export default utils
}
