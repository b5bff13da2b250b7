import * as z from 'zod'
import { HOST_DIRECTORIES } from '../../values/directories.ts'

/** Interface names have at most 15 characters. 9 keep `<lab>0` and comments readable. */
export const labName = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,8}$/, 'a lab name is a lower-case letter, then up to 8 lower-case letters or digits')

/** A node's port on the lab's switch is the interface `p-<node>`: 15 characters at most. */
export const nodeName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,11}[a-z0-9])?$/, 'a node name is up to 13 lower-case letters, digits or hyphens')
  .refine((name) => name !== 'sw', 'the name "sw" is reserved for the switch of the lab')

export const address = z.ipv4()

/** A directory of the lab. Absolute and plain, because shell scripts delete below it. */
export const labDirectory = z
  .string()
  .regex(/^(\/[A-Za-z0-9_.@+-]+){2,}$/, 'must be an absolute path of plain characters, at least two levels deep')
  .refine((path) => !/\/\.\.?(\/|$)/.test(path), 'must not contain . or .. segments')

export const namedAddress = z.strictObject({ name: nodeName, address })

/** The kernel's names for the resources of a lab. */
export const kernelNames = (lab: string) => ({
  /** The network namespace that holds the bridge. */
  switchNamespace: `${lab}-sw`,
  /** The machine's own interface into the lab. */
  hostLink: `${lab}0`,
  /** The firewall chain for forwarded traffic of the nodes. */
  chain: `LAB-${lab}`,
  /** The comment of each firewall rule outside that chain. */
  comment: `labbook:${lab}`,
  /** The network namespace of a node, and the name of its cgroup in each hierarchy. */
  node: (name: string) => `${lab}-${name}`,
  /** A node's port on the switch. */
  port: (name: string) => `p-${name}`,
})

/** Parses the `KEY VALUE` lines that a probe printed. */
export const parseFacts = (stdout: string): [key: string, value: string][] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.indexOf(' ')
      return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
    })

/**
 * A directory of this machine that namespace nodes mount read-only at the same path. It saves copies of large files.
 */
export const SHARED_DIRECTORY = `${HOST_DIRECTORIES.state}/shared`
