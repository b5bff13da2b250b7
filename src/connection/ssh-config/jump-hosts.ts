/** One host of `ProxyJump`. */
export interface JumpHost {
  readonly host: string
  readonly user?: string
  readonly port?: string
}

/** `[user@]host[:port]`; an IPv6 address is in brackets if a port follows. */
const HOP = /^(?:(.+)@)?(?:\[([^\]]+)\]|([^:@/[\]]+)|([0-9a-f:.]+))(?::(\d+))?$/i
const URI = /^ssh:\/\/(?:([^@/]+)@)?(?:\[([^\]]+)\]|([^:@/]+))(?::(\d+))?\/?$/i

/** Parses the hosts of `ProxyJump`, in the order of the connection; undefined if one is invalid. */
export function parseJumpHosts(text: string): JumpHost[] | undefined {
  const hosts = text.split(',').map((word) => parseHop(word.trim()))
  return hosts.every((each) => each !== undefined) ? hosts : undefined
}

function parseHop(word: string): JumpHost | undefined {
  const uri = URI.exec(word)
  const [, user, bracketed, plain, more, extra] = uri ?? HOP.exec(word) ?? []
  const [address, port] = uri === null ? [bracketed ?? plain ?? more, extra] : [bracketed ?? plain, more]
  if (address === undefined || address.startsWith('-')) return undefined
  return {
    host: address,
    ...(user === undefined ? {} : { user: uri === null ? user : decodeURIComponent(user) }),
    ...(port === undefined ? {} : { port }),
  }
}
