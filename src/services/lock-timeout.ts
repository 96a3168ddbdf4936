/** How long to wait for another process's lock, in milliseconds, where nothing else is said. */
export const DEFAULT_LOCK_TIMEOUT = 10_000;

/** The longest time that better-sqlite3 can wait. */
export const MAX_LOCK_TIMEOUT = 0x7fffffff;
