import { raw, sh } from '../../shell/quote.ts'
import { CONTAINERD_ADDITIONS, CONTAINERD_DIR, K3S_BINARY } from './paths.ts'

/** containerd's configuration, as k3s generated it at its last start. */
export const CONTAINERD_CONFIG = `${CONTAINERD_DIR}/config.toml`

/** Shell condition: the generated configuration imports the drop-ins. */
export const IMPORTS_DROP_INS = sh`grep -q '^ *imports *=.*toml[.]d/' ${CONTAINERD_CONFIG}`

/** First words of our templates; the checksum of the k3s binary that needs it follows. */
const MARK = '# By Labbook, for the k3s with SHA-256'

/**
 * Shell functions for a machine whose containerd needs our drop-ins. Only newer releases of k3s import them; for the
 * others, a template adds the import to k3s' own configuration. With both, containerd would not start, as the key
 * `imports` would be there twice: so our template belongs to one binary.
 *
 * - `lb_drop_template` removes our template if it is not for the installed binary.
 * - `lb_needs_template` succeeds if there are drop-ins, but the generated configuration does not import them.
 * - `lb_add_template` writes the template. It fails if there is another one.
 * - `lb_await_config` waits until k3s has generated the configuration from it: k3s creates the file, then writes it.
 */
export const containerdFunctions = (directory = CONTAINERD_DIR, binary = K3S_BINARY): string => {
  const additions = CONTAINERD_ADDITIONS.map((file) => file.replace(CONTAINERD_DIR, directory))
  const config = CONTAINERD_CONFIG.replace(CONTAINERD_DIR, directory)
  return [
    sh`lb_etc=${directory}`,
    sh`lb_binary_sum() { sha256sum <${binary} | cut -c 1-64; }`,
    'lb_drop_template() {',
    '  for lb_template in "$lb_etc/config.toml.tmpl" "$lb_etc/config-v3.toml.tmpl"; do',
    sh`    lb_first=$(head -n 1 -- "$lb_template" 2>/dev/null); case $lb_first in ${raw(`'${MARK} '`)}*) ;; *) continue ;; esac`,
    '    [ "${lb_first##* }" = "$(lb_binary_sum)" ] || rm -f -- "$lb_template"',
    '  done',
    '}',
    'lb_needs_template() {',
    sh`  { [ -e ${additions[0] ?? ''} ] || [ -e ${additions[1] ?? ''} ]; } && [ -s ${config} ] && ! ${raw(IMPORTS_DROP_INS.replace(CONTAINERD_CONFIG, config))}`,
    '}',
    'lb_add_template() {',
    sh`  if grep -q '^version *= *3' ${config}; then lb_name=config-v3.toml; else lb_name=config.toml; fi`,
    '  [ ! -e "$lb_etc/$lb_name.tmpl" ] || { printf \'%s does not import drop-ins: add this line on top: imports = ["%s/*.toml"]\\n\' "$lb_etc/$lb_name.tmpl" "$lb_etc/$lb_name.d" >&2; exit 1; }',
    `  printf '${MARK} %s\\nimports = ["%s/*.toml"]\\n\\n{{ template "base" . }}\\n' "$(lb_binary_sum)" "$lb_etc/$lb_name.d" >"$lb_etc/$lb_name.tmpl.new" && mv -f -- "$lb_etc/$lb_name.tmpl.new" "$lb_etc/$lb_name.tmpl" || exit`,
    // k3s generates it again: only then is the check of the new one meaningful.
    sh`  rm -f -- ${config}`,
    '}',
    sh`lb_await_config() { lb_tries=0; while [ ! -s ${config} ] && [ "$lb_tries" -lt 60 ]; do sleep 1; lb_tries=$((lb_tries + 1)); done; }`,
  ].join('\n')
}
