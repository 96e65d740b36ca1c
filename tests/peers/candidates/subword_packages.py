"""pip sentencepiece and tokenizers: cutting a word by a table of chances, and learning merges."""

import json
import struct
from importlib.util import find_spec

import numpy as np

from refimpl.oracle.candidates import NotApplicable

if find_spec("sentencepiece"):
    from sentencepiece import SentencePieceProcessor
else:
    from tokenizers import Tokenizer, models, trainers


def _text(row):
    return "".join(chr(c) for c in row if c >= 0)


def _cut(word, k, rows):
    if len(rows) > k:
        raise NotApplicable("it cuts into as many pieces as it takes")
    return {"cut": np.array([*rows, *[-1] * (len(word) - len(rows))])}


def _field(number, value):
    """A field of a protocol buffer: text or bytes with their length, a float, or a small whole number."""
    if isinstance(value, float):
        return bytes([8 * number + 5]) + struct.pack("<f", value)
    if isinstance(value, int):
        return bytes([8 * number, value])
    length = len(value) % 128 + 128, len(value) // 128 % 128 + 128, len(value) // 128**2
    return bytes([8 * number + 2, *length]) + value


def _model(pieces, p):
    """A unigram model whose first piece is the unknown one, and which leaves the text as it is."""
    rows = [("<unk>", 0.0, 2), *((_text(piece), float(np.log(x)), 1) for piece, x in zip(pieces, p, strict=True))]
    told = (_field(1, text.encode()) + _field(2, score) + _field(3, kind) for text, score, kind in rows)
    as_it_is = _field(1, b"identity") + _field(3, 0) + _field(4, 0) + _field(5, 0)
    return b"".join(_field(1, piece) for piece in told) + _field(2, _field(3, 1)) + _field(3, as_it_is)


def sentencepiece_segment(word, pieces, p, k):
    """Where a symbol is unknown no way is told."""
    found = SentencePieceProcessor(model_proto=_model(pieces, p)).encode(_text(word), out_type=int)
    return _cut(word, k, [] if 0 in found else [i - 1 for i in found])


def tokenizers_segment(word, pieces, p, k):
    """Its `Unigram`, with the unknown token last."""
    rows = [(_text(piece), float(np.log(x))) for piece, x in zip(pieces, p, strict=True)]
    found = [token.id for token in models.Unigram([*rows, ("<unk>", 0.0)], len(rows)).tokenize(_text(word))]
    return _cut(word, k, [] if len(rows) in found else found)


def tokenizers_merges(words, freq, M, rule):
    """`BpeTrainer` on each word as often as it occurs; the words are cut by the model of its merges."""
    if rule != "bpe":
        raise NotApplicable("its WordPiece tells the pieces, not the pairs")
    if freq.sum() > 1e6:
        raise NotApplicable("each word is handed over as often as it occurs")
    texts = [f"{_text(word)}_" for word in words]
    learner, count = Tokenizer(models.BPE()), len(set("".join(texts))) + int(M)
    trainer = trainers.BpeTrainer(vocab_size=count, show_progress=False)
    learner.train_from_iterator((t for t, n in zip(texts, freq, strict=True) for _ in range(int(n))), trainer)
    pairs = json.loads(learner.to_str())["model"]["merges"][:M]
    left, right = (np.full((M, words.shape[1] + 1), -1) for _ in range(2))
    for i, pair in enumerate(pairs):
        for row, text in zip((left[i], right[i]), pair, strict=True):
            row[: len(text)] = [ord(c) for c in text]
    symbols = {text: i for i, text in enumerate(dict.fromkeys([*"".join(texts), *map("".join, pairs)]))}
    model = models.BPE(symbols, [tuple(pair) for pair in pairs])
    ends = np.zeros((len(words), words.shape[1] + 1), int)
    for row, text in zip(ends, texts, strict=True):
        row[np.cumsum([len(token.value) for token in model.tokenize(text)]) - 1] = 1
    return left, right, ends
