import type { Effect, ObjectType } from './effects.js';
import { foldName } from './tokens.js';

/**
 * What the statements of a migration did, as far as their text tells. It follows tables through renames, so that what
 * is called `users` in the end is known to be the table that was called so before, or another one.
 */
export class ChangeLog {
  // Which table a name stands for: the name that it had before, or a number if it is new. A name that is not here
  // stands for what it stood for before; for undefined there is no table of that name.
  readonly #tables = new Map<string, TableId | undefined>();
  readonly #emptied = new Set<TableId>();
  readonly #droppedTables = new Set<TableId>();
  readonly #copies = new Set<TableId>();
  readonly #dropped = new Set<string>();
  readonly #touched = new Set<string>();
  #made = 0;

  add(effects: readonly Effect[]): void {
    for (const effect of effects) this.#add(effect);
  }

  copy(): ChangeLog {
    const copy = new ChangeLog();
    for (const [name, id] of this.#tables) copy.#tables.set(name, id);
    for (const id of this.#emptied) copy.#emptied.add(id);
    for (const id of this.#droppedTables) copy.#droppedTables.add(id);
    for (const id of this.#copies) copy.#copies.add(id);
    for (const object of this.#dropped) copy.#dropped.add(object);
    for (const name of this.#touched) copy.#touched.add(name);
    copy.#made = this.#made;
    return copy;
  }

  /** The tables that these effects will have dropped, by the names, folded, that they have now. */
  droppedBy(effects: readonly Effect[]): readonly string[] {
    const ahead = new ChangeLog();
    for (const [name, id] of this.#tables) ahead.#tables.set(name, id);
    ahead.add(effects);
    return ahead.droppedTables.map((origin) => this.nameNow(origin));
  }

  /** The names, folded, of the tables whose rows or definitions may have changed. */
  get touched(): ReadonlySet<string> {
    return this.#touched;
  }

  /** The name, folded, that a table had before the migration; its own, where the migration made it. */
  originOf(name: string): string {
    const id = this.#idOf(foldName(name));
    return typeof id === 'string' ? id : foldName(name);
  }

  /** Whether the migration made what has this name now. */
  isMade(name: string): boolean {
    return typeof this.#idOf(foldName(name)) === 'number';
  }

  /** The name, folded, by which a table that was there before is found now. */
  nameNow(origin: string): string {
    const renamed = [...this.#tables].find(([, id]) => id === origin);
    return renamed?.[0] ?? origin;
  }

  /** The names, folded, that the tables had before which have been dropped, by whatever name they had then. */
  get droppedTables(): readonly string[] {
    return [...this.#droppedTables].filter((id) => typeof id === 'string');
  }

  /** Whether the migration asked to remove rows from a table that was there before, or from what is in its place. */
  removesFrom(origin: string): boolean {
    const id = this.#idOf(this.nameNow(origin));
    return this.#emptied.has(origin) || (id !== undefined && this.#emptied.has(id));
  }

  /** Whether what has this name now was made by AS SELECT. */
  isCopy(name: string): boolean {
    const id = this.#idOf(foldName(name));
    return id !== undefined && this.#copies.has(id);
  }

  /** Whether an object was dropped by its name. */
  drops(type: ObjectType, name: string): boolean {
    return this.#dropped.has(`${type} ${foldName(name)}`);
  }

  #idOf(name: string): TableId | undefined {
    return this.#tables.has(name) ? this.#tables.get(name) : name;
  }

  #add(effect: Effect): void {
    switch (effect.kind) {
      case 'write':
        return this.#write(foldName(effect.table), effect.removes);
      case 'create':
        return this.#create(effect, foldName(effect.name));
      case 'drop':
        return this.#drop(effect.type, foldName(effect.name));
      case 'rename':
        return this.#rename(foldName(effect.from), foldName(effect.to));
      case 'alter':
        this.#touched.add(foldName(effect.table));
        return;
      case 'pragma':
        return;
    }
  }

  #write(name: string, removes: boolean): void {
    this.#touched.add(name);
    const id = this.#idOf(name);
    if (removes && id !== undefined) this.#emptied.add(id);
  }

  #create({ type, copies }: Extract<Effect, { kind: 'create' }>, name: string): void {
    if (type !== 'table') return;
    if (copies) this.#copies.add(this.#made);
    this.#tables.set(name, this.#made++);
  }

  #drop(type: ObjectType, name: string): void {
    this.#dropped.add(`${type} ${name}`);
    if (type !== 'table') return;
    this.#touched.add(name);
    const id = this.#idOf(name);
    if (id !== undefined) this.#droppedTables.add(id);
    this.#tables.set(name, undefined);
  }

  #rename(from: string, to: string): void {
    this.#touched.add(from).add(to);
    this.#tables.set(to, this.#idOf(from));
    this.#tables.set(from, undefined);
  }
}

type TableId = string | number;
