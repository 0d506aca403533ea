import { type Catalogue, en } from './en.ts';
export const zhCn: Catalogue = en;
