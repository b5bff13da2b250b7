/** A timeout that can be cleared, so that it does not keep the process alive. */
export class Timer {
  readonly elapsed: Promise<undefined>
  #resolve: (nothing: undefined) => void = () => undefined
  #timer: NodeJS.Timeout | undefined

  constructor() {
    this.elapsed = new Promise((resolve) => (this.#resolve = resolve))
  }

  start(seconds: number): void {
    this.#timer = setTimeout(this.#resolve, seconds * 1000, undefined)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
