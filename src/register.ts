import { cacheFolder } from './config.js';
import { registerTypeScript } from './services/typescript.js';

// For an application that runs .ts migrations without a build: `node --import decant/register app.js`.
registerTypeScript(cacheFolder());
