"""Findings of the pre-flight about what was done to the data before: how rows are made, paired, padded and joined."""

from __future__ import annotations

from ..problems import Notice, PlainloopError
from .check_finding import Finding
from .check_lines import Line


class RowsTornApart(Finding, PlainloopError):
    """Rows and labels that belong together are no longer in the same order.

    What it does: reads in the script whether inputs and labels are shuffled one by one, and tries whether a row that `collate_fn`
    gets alone has the same label as in a batch.
    Why: the program runs, and every row learns the label of another.
    Example: `X = X[torch.randperm(n)]` and then `y = y[torch.randperm(n)]`
    Fix: one order for both.
    """

    usual_why = "Nothing fails, and the labels are worth no more than chance."

    @classmethod
    def example(cls) -> RowsTornApart:
        return cls(
            "X and y are shuffled one by one, each in an order of its own: rows get the labels of others",
            "One order for both.",
            "order = torch.randperm(len(X)); X, y = X[order], y[order]",
            where=(Line("train.py", 12, "y = y[torch.randperm(300)]"),),
        )


class RowsAlike(Finding, Notice):
    """All rows of a dataset are the same row.

    What it does: compares items that the dataset gives for different indices.
    Why: there is one row to learn from, however long the dataset says that it is.
    Example: `def __getitem__(self, i): return self.x[0], self.y[0]`
    Fix: the index.
    """

    usual_why = "There is one row to learn from, as often as the dataset is long."

    @classmethod
    def example(cls) -> RowsAlike:
        return cls(
            "All items of the dataset are the same, whatever their index",
            "An item for each index.",
            "return self.x[i], self.y[i]",
            where=(Line("rows.py", 16, "return self.x[0], self.y[0]"),),
        )


class RowsLeftOut(Finding, Notice):
    """A dataset says that it has fewer rows than it holds: as many as its tensors have columns.

    What it does: compares the length of a dataset with the axes of the tensors and lists it holds.
    Why: the rest is never read, and nothing fails.
    Example: `def __len__(self): return self.x.shape[1]`
    Fix: the length of the first axis.
    """

    usual_why = "The rest is never read, and nothing says so."

    @classmethod
    def example(cls) -> RowsLeftOut:
        return cls(
            "The dataset says that it has 4 rows, which is its number of columns, and holds 90",
            "A length of 90.",
            "return len(self.x)",
            where=(Line("rows.py", 12, "return self.x.shape[1]"),),
        )


class BytesWrapped(Finding, Notice):
    """Numbers went beyond what a byte holds and began anew at the other end.

    What it does: looks in the script for sums and differences of tensors of bytes, and at inputs of int8 that fill their range.
    Why: a byte has no negative numbers, so that 100 - 128 is 228; int8 ends at 127, so that 200 becomes -56.
    Example: `X = (images - 128).float() / 128`
    Fix: the type first, the arithmetic after it.
    """

    usual_why = "A byte goes from 0 to 255, int8 from -128 to 127; what lies beyond begins anew at the other end."

    @classmethod
    def example(cls) -> BytesWrapped:
        return cls(
            "raw - 128 is computed in bytes: what would be negative becomes large",
            "Floats before the arithmetic.",
            "X = (raw.float() - 128).float() / 128",
            where=(Line("train.py", 6, "X = (raw - 128).float() / 128"),),
        )


class PaddingCounts(Finding, Notice):
    """What fills rows up to one length has an effect on the scores, or is learned as if it were an answer.

    What it does: cuts the padding off and looks whether the scores of a row change, where a recurrent layer reads on through it
    or a mean counts it; looks for a loss over tokens that does not leave the padding out.
    Why: a row is judged by the length of the longest row beside it, and a loss that is mostly padding falls without learning.
    Example: `out, _ = self.rnn(self.embed(tokens)); return self.fc(out[:, -1])`
    Fix: the state after the last token, a mean over the tokens, `ignore_index`.
    """

    usual_why = "How much padding a row has depends on the rows beside it."

    @classmethod
    def example(cls) -> PaddingCounts:
        return cls(
            "The scores of a row change with its padding: LSTM rnn reads on through it",
            "Scores of the tokens alone.",
            "h = out[torch.arange(len(x)), (x != 0).sum(1) - 1]",
            where=(Line("net.py", 19, "return self.fc(out[:, -1])"),),
        )
