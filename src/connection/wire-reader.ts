/** Reads fields of the SSH protocol. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  uint32(): number {
    this.#at += 4
    return this.#bytes.readUInt32BE(this.#at - 4)
  }

  string(): Buffer {
    const length = this.uint32()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
