export { default } from '../../../src/migrations/002_add_indexes.js';
