/** Types for the functions of the package `htpasswd` that are used here. */
declare module 'htpasswd/src/utils.js' {
  const utils: {
    /** @param options - options of the command; the password is the last of `args`. */
    encode(options: { bcrypt: true; cost: number; args: readonly string[] }): string
    verify(hash: string, password: string): boolean
  }
  export default utils
}
