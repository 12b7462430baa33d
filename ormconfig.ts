import { DataSource } from 'typeorm';
import { settings } from './src/config/settings.js';
import { dataSourceOptions } from './src/database/data-source.js';

/** The data source for TypeORM's command line: `npx typeorm migration:show -d dist/ormconfig.js`. */
export const dataSource = new DataSource(dataSourceOptions(settings()));
