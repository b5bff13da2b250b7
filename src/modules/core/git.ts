import { posix } from 'node:path'
import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { CLONING, gitFacts, planGit, remoteRefs, urlOf, type GitParams, type GitValues } from '../support/git-plan.ts'
import { contentOf, setNewDirectory, setTree, treeAt } from '../support/effects.ts'
import { targetFile, umask } from '../support/params.ts'
import { refusing } from '../support/refusing.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const REFUSED = {
  archive: 'run git archive in a command with creates',
  archive_prefix: 'run git archive in a command with creates',
  bare: 'clone it in a command with creates: git clone --bare',
  gpg_allowlist: 'run git verify-commit in a command',
  name: 'write repo',
  reference: 'clone it in a command with creates: git clone --reference',
  refspec: 'run git fetch in a command',
  separate_git_dir: 'clone it in a command with creates: git clone --separate-git-dir',
  track_submodules: 'submodules are at the commits that the repository has',
  verify_commit: 'run git verify-commit in a command',
}

const schema = z
  .strictObject(
    {
      /**
       * URL or path of the repository, as the host reaches it. An absolute path is a URL `file://`, as in Ansible. Keep
       * passwords out of it: use a key.
       */
      repo: z.string().regex(/^[^-\s][^\n]*$/, { error: 'must be a URL or a path' }),
      /** Working tree on the host. A new one needs an empty or missing directory. */
      dest: targetFile,
      /** Branch, tag or commit. `HEAD`: the default branch. */
      version: z
        .string()
        .regex(/^[^-\s:^~?*[\\][^\s:^~?*[\\]*$/, { error: 'must be a branch, a tag or a commit' })
        .default('HEAD'),
      remote: z
        .string()
        .regex(/^[\w.][\w.-]*$/, { error: 'must be the name of a remote' })
        .default('origin'),
      /** Discard local modifications. Otherwise they are an error. Untracked files stay. */
      force: z.boolean().default(false),
      /** false: a missing working tree is not created. `after` is then the commit that the version is on the remote. */
      clone: z.boolean().default(true),
      /** false: an existing working tree stays as it is. */
      update: z.boolean().default(true),
      /** Fetch this many commits only. */
      depth: z.int().min(1).optional(),
      /** Clone only the branch or tag. */
      single_branch: z.boolean().default(false),
      /** Initialize and update submodules. */
      recursive: z.boolean().default(true),
      /** Private key on the host. */
      key_file: targetFile.optional(),
      /** Options of ssh, as shell words. */
      ssh_opts: z.string().optional(),
      /** Accept any host key, also a changed one: not safe. */
      accept_hostkey: z.boolean().default(false),
      /** Accept the host key of a host that was never seen. */
      accept_newhostkey: z.boolean().default(false),
      /** The git program. */
      executable: targetFile.optional(),
      umask: umask.optional(),
    },
    { error: refusing(REFUSED) },
  )
  .refine(({ accept_hostkey, accept_newhostkey }) => !accept_hostkey || !accept_newhostkey, {
    error: 'set either accept_hostkey or accept_newhostkey',
  })

/** A path of the host, or a URL of one. */
const localPath = (repo: string): string | undefined => /^(?:file:\/\/)?(\/.*)$/.exec(repo)?.[1]

/** Shell text that defines `lb_git` as git without prompts, with the options of ssh. */
function defineGit({ executable, key_file, ssh_opts, accept_hostkey, accept_newhostkey, umask }: GitParams): string {
  const options = [
    'ssh -o BatchMode=yes',
    ...(accept_hostkey ? ['-o StrictHostKeyChecking=no'] : []),
    ...(accept_newhostkey ? ['-o StrictHostKeyChecking=accept-new'] : []),
    ...(key_file === undefined ? [] : [sh`-i ${key_file} -o IdentitiesOnly=yes`]),
    ...(ssh_opts === undefined ? [] : [ssh_opts]),
  ].join(' ')
  return [
    // Without locks, status does not write the index.
    'export LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0',
    sh`GIT_SSH_COMMAND=${options}; export GIT_SSH_COMMAND`,
    ...(umask === undefined ? [] : [`umask ${umask.toString(8).padStart(4, '0')}`]),
    sh`lb_git() { ${raw(executable === undefined ? 'git' : sh`${executable}`)} "$@"; }`,
  ].join('\n')
}

/** The reason comes before an advice of several lines. */
const reasonOf = (stderr: string): string =>
  (stderr.split('\n').find((line) => line.startsWith('fatal: ')) ?? lastLine(stderr)) || 'git failed'

/**
 * Checks out a Git repository. The probe asks the remote which commit the version is: check mode knows whether a run
 * changes something. Unlike in Ansible, another branch of the same commit is a change.
 */
export const git = defineModule<typeof schema, GitValues>({
  name: 'git',
  schema,
  title: ({ repo, version, dest }) => `${repo} ${version} in ${dest}`,
  // Another repository may be on a server that an earlier task starts.
  reads({ repo, dest, key_file }) {
    const local = localPath(repo)
    const key = key_file === undefined ? [] : contentOf(key_file)
    return local === undefined ? undefined : [...treeAt(dest), ...treeAt(local), ...key]
  },
  sets: ({ dest }) => [...setTree(dest), ...setNewDirectory(posix.dirname(dest))],
  timeLimitSeconds: () => 1800,
  probe(params) {
    const { dest, repo, version, remote, executable, update, recursive } = params
    const [url, refs] = [urlOf(repo), remoteRefs(version)]
    return [
      sh`command -v ${executable ?? 'git'} >/dev/null || { echo 'no git on this host: install it first' >&2; exit 127; }`,
      defineGit(params),
      sh`lb_in=${dest}`,
      'if [ ! -e "$lb_in/.git" ]; then',
      '  if [ ! -e "$lb_in" ]; then echo "state missing"',
      '  elif [ ! -d "$lb_in" ]; then echo "state file"',
      '  elif [ -z "$(ls -A -- "$lb_in")" ]; then echo "state empty"; else echo "state directory"; fi',
      'else',
      '  echo "state repository"',
      '  lb_git -C "$lb_in" rev-parse --git-dir >/dev/null || exit',
      '  echo "head $(lb_git -C "$lb_in" rev-parse --verify -q HEAD)"',
      '  echo "branch $(lb_git -C "$lb_in" symbolic-ref -q HEAD)"',
      sh`  printf 'url %s\\n' "$(lb_git -C "$lb_in" config --get ${`remote.${remote}.url`})"`,
      sh`  lb_said=$(lb_git -C "$lb_in" status --porcelain --untracked-files=no ${recursive ? [] : ['--ignore-submodules=all']}) || exit`,
      `  [ -z "$lb_said" ] || printf '%s\\n' "$lb_said" | sed 's/^/modified /'`,
      sh`  lb_cloning=$(lb_git -C "$lb_in" config --get ${CLONING})`,
      '  if [ -n "$lb_cloning" ]; then',
      '    if [ -e "$lb_in/.git/index" ]; then echo "interrupted after checkout"; else echo "interrupted before checkout"; fi',
      '  fi',
      ...(recursive
        ? [
            `  [ ! -f "$lb_in/.gitmodules" ] || lb_git -C "$lb_in" submodule status --recursive | sed -n 's/^-[^ ]* /submodule /p'`,
          ]
        : []),
      ...(update ? [] : ['  [ -n "$lb_cloning" ] || exit 0']),
      'fi',
      // In a directory that exists: a path of the repository may be relative to it, never to that of the shell.
      sh`lb_refs=$(lb_git ls-remote -- ${url} ${refs}) || exit`,
      `[ -z "$lb_refs" ] || printf '%s\\n' "$lb_refs" | sed 's/^/ref /'`,
      ...(version === 'HEAD'
        ? [sh`lb_git ls-remote --symref -- ${url} HEAD | sed -n 's,^ref: refs/heads/\\(.*\\)\tHEAD$,default \\1,p'`]
        : []),
    ].join('\n')
  },
  plan(params, observed) {
    if (observed.exitCode !== 0)
      return { changes: [], problem: `cannot read ${params.repo}: ${reasonOf(observed.stderr)}` }
    return planGit(params, gitFacts(observed.stdout), defineGit(params))
  },
})
