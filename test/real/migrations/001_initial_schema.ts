// Decant's own schema comes first; it is applied already where this folder is used.
export { default } from '../../../src/migrations/001_initial_schema.js';
