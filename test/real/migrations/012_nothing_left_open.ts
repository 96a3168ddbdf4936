import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

@migration({ description: 'What every reader of nodes takes for granted: filled in, and NOT NULL' })
export default class NothingLeftOpen extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .update('nodes', { set: { is_deleted: 0 }, where: 'is_deleted IS NULL' })
      .update('nodes', {
        set: { metadata_tags: '[]' },
        where: `CASE WHEN json_valid(metadata_tags) THEN json_type(metadata_tags) <> 'array' ELSE 1 END`,
      })
      .update('nodes', {
        set: { company: { sql: `nullif(trim(company), '')` } },
        where: `company <> trim(company) OR company = ''`,
      })
      .alterColumn('nodes', 'is_deleted', { notNull: true })
      .alterColumn('nodes', 'metadata_tags', { notNull: true });
  }
}
