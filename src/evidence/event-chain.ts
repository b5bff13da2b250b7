import { hash } from 'node:crypto'

/*
 * Each line of an event log has the SHA-256 of the line before, so that no line can be changed, removed, added or moved
 * without a change of all lines after it. The first line has none.
 */

export const sha256Hex = (bytes: string | Buffer): string => hash('sha256', bytes, 'hex')

/** Adds the hash of the line before to an event as JSON, as last field. */
export const chainedLine = (json: string, previous: string | undefined): string =>
  previous === undefined ? json : `${json.slice(0, -1)},"previous":"${previous}"}`

/** The hash that a line has of the line before; undefined: none. */
export const previousOf = (line: string): string | undefined => /,"previous":"([0-9a-f]{64})"\}$/.exec(line)?.[1]
