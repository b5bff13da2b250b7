import { homedir } from 'node:os'
import path from 'node:path'

/** Directories that Labbook creates on hosts. Only what root does is kept there. */
export const HOST_DIRECTORIES = {
  /** Data that outlives a run: pending handlers, artifacts, archives of images. */
  state: '/var/lib/labbook',
  /** Files of what is deployed: stack files, build contexts, programs. */
  files: '/opt/labbook',
  /** Configuration of services. */
  config: '/etc/labbook',
} as const

/** Shell code that sets `lb_state` to the state directory of the user who runs it. */
export const SET_HOST_STATE = `lb_state=${HOST_DIRECTORIES.state}; [ "$(id -u)" = 0 ] || lb_state=$HOME/.local/state/labbook; lb_state=\${LABBOOK_STATE:-$lb_state}`

/** Labbook's state on the controller: labs, images, credentials. */
export const stateDirectory = (root = process.getuid?.() === 0): string =>
  root ? HOST_DIRECTORIES.state : path.join(homedir(), '.local/share/labbook')
