import type { PathFacts } from './path-facts.ts'

/** A file with its new content and attributes. */
export interface Replacement {
  readonly path: string
  /** Shell text that writes the new content to `>&8`, which is `"$lb_new"`, an empty file. */
  readonly fill: string
  /** Bytes that `fill` writes. busybox's base64 reports no error if the disk is full. */
  readonly size?: number | undefined
  /** The existing file. The new one gets its owner, mode, ACL, extended attributes and SELinux context. */
  readonly old?: Pick<PathFacts, 'uid' | 'gid' | 'mode'> | undefined
  /**
   * SHA-256 of the content that the new one was made from; null: there was no file. If the file has another content,
   * the script exits with `CHANGED_MEANWHILE` of file-lock.ts and changes nothing.
   */
  readonly madeFrom?: string | null | undefined
  readonly owner?: string | undefined
  readonly group?: string | undefined
  /** Permission bits; default: those of the old file. */
  readonly mode?: number | undefined
  /** Permission bits of a new file without a mode. Default: by the host's umask. */
  readonly defaultMode?: number | undefined
  /** A command line with `%s` that validates the new file. */
  readonly validate?: string | undefined
  /** Create a backup with Ansible's name for it: `NAME.PID.DATE@TIME~`. */
  readonly backup?: boolean
  /** If the path is a link: replace its target, not the link. */
  readonly followLink?: boolean
}
