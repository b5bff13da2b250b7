/** A terminal's size in characters; 80 by 24 if unknown, as on a serial console. */
export const terminalSize = ({ columns, rows }: { readonly columns?: number; readonly rows?: number }) => ({
  columns: columns === undefined || columns === 0 ? 80 : columns,
  rows: rows === undefined || rows === 0 ? 24 : rows,
})
