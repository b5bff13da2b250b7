import * as net from 'node:net'

/** Names without a colon, nearly all, are not worth Node's expression, which takes milliseconds to compile. */
export const isIPv6 = (name: string): boolean => name.includes(':') && net.isIPv6(name)
