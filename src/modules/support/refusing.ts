import type { z } from 'zod'

/** Parameters of Ansible's modules for files that no module here supports. */
export const FILE_PARAMS = {
  attributes: 'set it with a command, such as chattr',
  selevel: 'SELinux contexts are not managed',
  serole: 'SELinux contexts are not managed',
  setype: 'SELinux contexts are not managed',
  seuser: 'SELinux contexts are not managed',
  unsafe_writes: 'files are replaced atomically',
} as const

/**
 * The error of a strict schema, which names each parameter of Ansible's module that is left out.
 * @param reasons - by parameter, what to do instead
 */
export const refusing =
  (
    reasons: Readonly<Record<string, string>>,
  ): z.core.$ZodErrorMap<z.core.$ZodIssueInvalidType | z.core.$ZodIssueUnrecognizedKeys> =>
  (issue) =>
    issue.code !== 'unrecognized_keys' || !issue.keys.some((key) => Object.hasOwn(reasons, key))
      ? undefined
      : issue.keys
          .map((key) =>
            Object.hasOwn(reasons, key)
              ? `"${key}" is not supported: ${reasons[key]}`
              : `"${key}" is not a parameter of this module`,
          )
          .join('; ')
