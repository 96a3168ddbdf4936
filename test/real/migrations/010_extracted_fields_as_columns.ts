import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

@migration({ description: 'The extracted fields that lists show, as columns' })
export default class ExtractedFieldsAsColumns extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .addColumn('nodes', 'pricing', 'TEXT', field('pricing'))
      .addColumn('nodes', 'employees', 'TEXT', field('employees'))
      .addColumn('nodes', 'founded_year', 'TEXT', field('founded'));
  }
}

function field(name: string): { readonly from: string } {
  return { from: `iif(json_valid(extracted_fields), extracted_fields ->> '$.${name}', NULL)` };
}
