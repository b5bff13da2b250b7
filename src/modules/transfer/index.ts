/** Module that sends large files: `import { upload } from 'labbook/transfer'`. */
export { upload } from './upload.ts'
