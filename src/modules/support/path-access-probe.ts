/** `remove`: the change removes the path with everything below, so it must have no mount points. */
export type AccessQuery = 'change' | 'remove'

/** Words of {@link accessProbe}. */
export const ACCESS_WORDS = {
  directory: 'directory-not-writable',
  path: 'not-writable',
  owner: 'not-owner',
  user: 'not-root',
  mount: 'mount-point',
} as const

/** Even root cannot write to an immutable file, or to one on a read-only file system. */
const isRootProbe =
  `while read -r lb_k lb_n lb_e lb_o; do case $lb_k in Uid:) [ "$lb_e" = 0 ] || echo ${ACCESS_WORDS.user}; break ;; esac; ` +
  'done </proc/self/status'

/**
 * Shell text for a probe, after `$lb_p`, its row `$lb_f` and its real path `$lb_q`. Builtins only, except for a path
 * that the change removes. busybox ash says that root can write anywhere: then nothing is found.
 */
export const accessProbe = (access: AccessQuery): string =>
  [
    'lb_e=${lb_q:-$lb_p}; lb_e=${lb_e%/*}/; lb_n=',
    `[ ! -d "$lb_e" ] || [ -w "$lb_e" ] || { lb_n=1; echo ${ACCESS_WORDS.directory}; }`,
    // What a link leads to is not changed.
    "case $lb_f in a* | '') ;; *)",
    `  [ -O "$lb_p" ] || { lb_n=1; echo ${ACCESS_WORDS.owner}; }`,
    `  [ -w "$lb_p" ] || { lb_n=1; echo ${ACCESS_WORDS.path}; } ;; esac`,
    `if [ -n "$lb_n" ]; then ${isRootProbe}; fi`,
    ...(access === 'remove'
      ? [
          `case $lb_f in '' | a*) ;; *) lb_e=\${lb_q:-$lb_p}; ` +
            `! grep -q -F -e " $lb_e " -e " $lb_e/" /proc/self/mounts 2>/dev/null || echo ${ACCESS_WORDS.mount} ;; esac`,
        ]
      : []),
  ].join('\n')
