// The `?` sheet: every key in one view.
import { Dialog } from '../kit/dialog.tsx';
import { Keys } from '../kit/parts.tsx';
import { useView, viewStore } from '../store/view.ts';
import type { MessageKey } from './messages/en.ts';
import { useWords } from './messages/words.ts';
import { modKey } from './top-bar.tsx';

type Entry = readonly [MessageKey, readonly string[]];

const groups: readonly { readonly title: MessageKey; readonly entries: readonly Entry[] }[] = [
  {
    title: 'help.pages',
    entries: [
      ['help.g-r', ['G', 'R']],
      ['help.g-t', ['G', 'T']],
      ['help.g-m', ['G', 'M']],
      ['help.g-o', ['G', 'O']],
      ['help.g-f', ['G', 'F']],
      ['help.g-s', ['G', 'S']],
      ['help.palette', [modKey, 'K']],
      ['help.dock', ['D']],
      ['help.sheet', ['?']],
    ],
  },
  {
    title: 'help.lists',
    entries: [
      ['help.next', ['J']],
      ['help.previous', ['K']],
      ['help.inspect', ['Enter']],
      ['help.open', ['O']],
      ['help.select', ['X']],
      ['help.menu', ['.']],
      ['help.find', ['/']],
    ],
  },
  {
    title: 'help.act',
    entries: [
      ['help.add', ['A']],
      ['help.run', ['R']],
      ['help.new-role', ['C']],
      ['help.change', ['E']],
      ['help.log', ['L']],
      ['help.end', ['End']],
      ['help.match', ['N']],
      ['help.wrap', ['W']],
      ['help.times', ['T']],
      ['help.whole', [modKey, 'Enter']],
      ['help.close', ['Esc']],
    ],
  },
];

export function HelpSheet() {
  const words = useWords();
  const isOpen = useView((view) => view.isHelpOpen);
  if (!isOpen) return null;
  return (
    <Dialog
      title={words.t('help.title')}
      closeLabel={words.t('verb.close')}
      size="wide"
      onClose={() => viewStore.setState({ isHelpOpen: false })}
    >
      <div className="sheet">
        {groups.map((group) => (
          <section key={group.title}>
            <h3>{words.t(group.title)}</h3>
            <ul>
              {group.entries.map(([text, keys]) => (
                <li key={text}>
                  {words.t(text)}
                  <Keys keys={keys} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
