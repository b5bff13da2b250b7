import { z } from 'zod'

/** Interface names hold 15 characters: a lab is at most 9 long, so that `<lab>0` and comments stay readable. */
export const labName = z.string().regex(/^[a-z][a-z0-9]{0,8}$/, 'a lab is named by up to 9 small letters and digits')

/** A node's port on the lab's switch is the interface `p-<node>`: 15 characters at most. */
export const nodeName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,11}[a-z0-9])?$/, 'a lab node is named by up to 13 small letters, digits and hyphens')
  .refine((name) => name !== 'sw', 'the name "sw" is taken by the switch of the lab')

export const address = z.ipv4()

/** Where the lab keeps what it must remember. Absolute and plain, because shell scripts remove what is below it. */
export const folder = z
  .string()
  .regex(/^(\/[A-Za-z0-9_.@+-]+){2,}$/, 'must be an absolute path of plain characters, at least two folders deep')
  .refine((path) => !/\/\.\.?(\/|$)/.test(path), 'must not hold . or .. as a part')

export const nodeAddress = z.strictObject({ name: nodeName, address })

/** The names under which the kernel knows the parts of a lab. */
export const parts = (lab: string) => ({
  /** The network namespace that holds the bridge. */
  switchNamespace: `${lab}-sw`,
  /** The machine's own interface into the lab. */
  hostLink: `${lab}0`,
  /** The firewall chain for what the lab's nodes send through the machine. */
  chain: `LAB-${lab}`,
  /** Marks each firewall rule outside of that chain. */
  comment: `labbook:${lab}`,
  /** The network namespace of a node, and the name of its cgroup in each hierarchy. */
  node: (name: string) => `${lab}-${name}`,
  /** A node's port on the switch. */
  port: (name: string) => `p-${name}`,
})

/** The lines `KEY VALUE` a probe printed, as pairs. */
export const pairs = (stdout: string): [key: string, value: string][] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.indexOf(' ')
      return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
    })

/**
 * A directory of this machine that nodes of namespaces see, read-only and at the same path: what is large need not be
 * copied to them.
 */
export const SHARED = '/var/lib/labbook/shared'
