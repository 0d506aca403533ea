// The way out of a dialog that changes nothing.
import { useWords } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';

export function CancelButton({ onClick }: { readonly onClick: () => void }) {
  const words = useWords();
  return (
    <Button look="quiet" onClick={onClick}>
      {words.t('verb.cancel')}
    </Button>
  );
}
