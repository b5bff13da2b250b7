/** Removes k3s from all hosts: for messages. */
export const RESET = 'npx zx playbooks/k3s.mjs reset'
