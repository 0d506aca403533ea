// Where the search looks, in one line: what each source does and how much it has seen.
import type { SourceState } from '../../../electron/contract/discovery.ts';
import { useWords } from '../../app/messages/words.ts';
import { Glyph, type GlyphKind } from '../../kit/glyph.tsx';
import { Tip } from '../../kit/tip.tsx';
import { useFinding } from '../../store/finding.ts';

const glyphs: Readonly<Record<SourceState['state'], GlyphKind>> = {
  idle: 'stopped',
  working: 'working',
  done: 'done',
  stopped: 'stopped',
  failed: 'failed',
};

function One({ source }: { readonly source: SourceState }) {
  const words = useWords();
  // All but the probe wait for what comes; a turning arc would promise an end.
  const isListening = source.state === 'working' && source.source !== 'probe';
  const state = words.t(isListening ? 'find.source-state.listening' : `find.source-state.${source.state}`);
  const problem = source.problem === null ? '' : ` ${words.refusal(source.problem)}`;
  return (
    <Tip text={`${words.t(`find.source.${source.source}.hint`)}${problem}`}>
      <li className="find-source" tabIndex={0}>
        <Glyph kind={isListening ? 'past' : glyphs[source.state]} label={state} size={12} />
        {words.t(`find.source.${source.source}`)}
        <span className="num faint">{source.found}</span>
      </li>
    </Tip>
  );
}

export function SourceStrip() {
  const words = useWords();
  const sources = useFinding((finding) => finding.sources);
  return (
    <ul className="find-sources" aria-label={words.t('find.sources')}>
      {sources.map((source) => (
        <One key={source.source} source={source} />
      ))}
    </ul>
  );
}
