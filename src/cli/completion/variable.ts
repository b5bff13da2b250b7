/** Set by the completion scripts: the program then completes its last argument instead of running. */
export const COMPLETE_VARIABLE = 'LABBOOK_COMPLETE'
