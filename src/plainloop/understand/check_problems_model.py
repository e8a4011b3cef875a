"""Findings of the pre-flight about the model: its shapes, its layers, its rows, its modes."""

from __future__ import annotations

from ..problems import Notice, PlainloopError
from .check_finding import Finding
from .check_lines import Line


class NotBuilt(Finding, PlainloopError):
    """A class was given where an object of it belongs.

    What it does: refuses a model, a loss or an optimizer that was not built.
    Why: `nn.CrossEntropyLoss(scores, y)` builds a loss out of its arguments and computes nothing.
    Example: `loss=nn.CrossEntropyLoss`
    Fix: the brackets behind it.
    """

    usual_why = "A class computes nothing; its objects do."

    @classmethod
    def example(cls) -> NotBuilt:
        return cls("loss is the class CrossEntropyLoss", "An object of it.", "loss = nn.CrossEntropyLoss()")


class CannotBuild(Finding, PlainloopError):
    """The class of a model cannot be built from its file.

    What it does: imports the file, builds the class with the sizes that it asks for by name, and says in which line that failed.
    Why: without a model there is nothing to train.
    Example: an `__init__` without `super().__init__()`.
    Fix: the line that is printed.
    """

    usual_why = "Without a model there is nothing to train."

    @classmethod
    def example(cls) -> CannotBuild:
        return cls(
            "mynet.py:MyNet cannot be built: its __init__ does not call that of nn.Module first",
            "super().__init__() before the first layer.",
            "super().__init__()  # the first line of __init__",
            where=(Line("mynet.py", 6, "self.fc = nn.Linear(4, 3)"),),
        )


class WrongInputShape(Finding, PlainloopError):
    """A layer gets numbers in another shape than it takes.

    What it does: names the layer, the shape it gets and the one it takes, and which axis is missing, extra or in the wrong place.
    Why: sizes of layers must follow from the data and from each other.
    Example: pictures with the channels last, or a wrong size after flatten.
    Fix: the corrected layer, or the line that brings the input into shape.
    """

    usual_why = "The sizes of layers must follow from the data and from each other."

    @classmethod
    def example(cls) -> WrongInputShape:
        return cls(
            "Linear fc1 gets 400 numbers per row and takes 256",
            "A layer for 400 numbers: (16, 5, 5) flattened.",
            "self.fc1 = nn.Linear(400, 10)",
            where=(Line("net.py", 21, "x = self.fc1(x)"), Line("net.py", 9, "self.fc1 = nn.Linear(256, 10)")),
        )


class ForwardFails(Finding, PlainloopError):
    """The model's code raises an error.

    What it does: runs one batch through the model and says where in your code it stopped.
    Why: it would stop at the first batch of training.
    Example: a layer that is called fc2 in `__init__` and fc3 in forward.
    Fix: the line that is named.
    """

    usual_why = "Training would stop there at its first batch."

    @classmethod
    def example(cls) -> ForwardFails:
        return cls(
            "Net has no attribute fc3",
            "One of its layers: fc1, fc2.",
            "x = self.fc2(x)",
            where=(Line("net.py", 12, "x = self.fc3(x)"),),
        )


class WrongScores(Finding, PlainloopError):
    """What forward returns is not a tensor of scores, one row per row of the batch.

    What it does: refuses None, tuples, and scores with another number of rows than the batch.
    Why: the loss compares scores and labels row by row.
    Example: forward without return; `out[-1]` of an LSTM with batch_first=True.
    Fix: the line that returns the scores.
    """

    usual_why = "The loss compares scores and labels row by row."

    @classmethod
    def example(cls) -> WrongScores:
        return cls(
            "forward returns nothing", "A tensor of scores.", "return self.fc(x)", where=(Line("net.py", 11, "self.fc(x)"),)
        )


class WrongOutputWidth(Finding, PlainloopError):
    """The last layer has another number of outputs than the labels need.

    What it does: compares the outputs with the number of classes, of labels or of target numbers.
    Why: a class without an output cannot be predicted.
    Example: `nn.Linear(64, 5)` as the last layer for 10 classes.
    Fix: the corrected layer.
    """

    usual_why = "Every class needs an output of its own."

    @classmethod
    def example(cls) -> WrongOutputWidth:
        return cls(
            "The model gives 5 scores per row and the labels go from 0 to 9",
            "10 scores per row, one per class.",
            "self.fc = nn.Linear(64, 10)",
        )


class WidthBeyondClasses(Finding, Notice):
    """The last layer has more outputs than the data has classes.

    What it does: compares the outputs with the highest label of all rows.
    Why: the scores that are left over only cost accuracy, or the labels are not those you meant.
    Example: `nn.Linear(64, 10)` for labels from 0 to 2.
    Fix: the corrected layer.
    """

    usual_why = "The outputs left over learn only that they are never right."

    @classmethod
    def example(cls) -> WidthBeyondClasses:
        return cls(
            "The model gives 10 scores per row and the labels go from 0 to 2", "3 scores per row.", "self.fc = nn.Linear(64, 3)"
        )


class SilentBroadcast(Finding, PlainloopError):
    """Two shapes are stretched to a third one that neither has.

    What it does: finds a loss or an operation that compares every row with every other row, (rows, 1) with (rows,) say.
    Why: torch does it without a word; the loss falls to that of a constant prediction and stays there.
    Example: `nn.MSELoss()(scores, y)` with scores (rows, 1) and y (rows,).
    Fix: one axis more or less.
    """

    usual_why = "torch stretches both to (rows, rows) without a word: each row is compared with all others."

    @classmethod
    def example(cls) -> SilentBroadcast:
        return cls(
            "mse_loss gets scores of shape (rows, 1) and labels of shape (rows,)", "One shape for both.", "y = y.unsqueeze(1)"
        )


class RowsMixed(Finding, PlainloopError):
    """The scores of a row depend on the other rows of the batch.

    What it does: changes all rows but one and looks whether the score of that one moves; names the operation where it begins.
    Why: the model would give another answer in another company, and learn from what it will not have.
    Example: an LSTM without batch_first=True, or softmax over dim=0.
    Fix: the axis of the operation that is named.
    """

    usual_why = "A row must get the same answer whatever rows stand beside it."

    @classmethod
    def example(cls) -> RowsMixed:
        return cls(
            "LSTM lstm reads along the rows of the batch: it takes its axes as (steps, rows, numbers)",
            "Rows that do not know of each other.",
            "self.lstm = nn.LSTM(8, 16, batch_first=True)",
            where=(Line("net.py", 14, "out, _ = self.lstm(x)"),),
        )


class FixedBatchSize(Finding, PlainloopError):
    """The model works for one number of rows only.

    What it does: runs the model on one row less.
    Why: the last batch of an epoch is smaller, and a prediction may be for a single row.
    Example: `x.view(32, -1)`
    Fix: the number of rows taken from the input.
    """

    usual_why = "The last batch of an epoch has fewer rows, and a prediction may be for one."

    @classmethod
    def example(cls) -> FixedBatchSize:
        return cls(
            "The model takes 32 rows and fails for 31",
            "A model for any number of rows.",
            "x = x.view(len(x), -1)",
            where=(Line("net.py", 12, "x = x.view(32, -1)"),),
        )


class BatchOfOne(Finding, PlainloopError):
    """A batch of training has one row, and batch normalisation cannot use it.

    What it does: works out the rows of the last batch, and tries the model on one row in training mode.
    Why: the deviation of one number is not defined; torch stops with "Expected more than 1 value per channel".
    Example: 101 rows in batches of 10.
    Fix: drop_last=True, or another batch size.
    """

    usual_why = "The deviation of a single row is not defined, so batch normalisation stops there, at the end of the first epoch."

    @classmethod
    def example(cls) -> BatchOfOne:
        return cls(
            "101 rows in batches of 10: the last batch has one row, and BatchNorm1d bn1 cannot train on it",
            "At least two rows in every batch.",
            "loader = DataLoader(dataset, batch_size=10, shuffle=True, drop_last=True)",
        )


class OneRowFails(Finding, Notice):
    """The model fails for a single row, or gives it another shape.

    What it does: runs the model on one row in evaluation mode.
    Why: a prediction is often for one row, and the last batch may have one.
    Example: `return self.fc(x).squeeze()`
    Fix: squeeze with the number of the axis.
    """

    usual_why = "A prediction is often for one row, and a last batch may have one."

    @classmethod
    def example(cls) -> OneRowFails:
        return cls(
            "For a single row the scores lose their axis of rows: shape ()",
            "Scores of shape (1,).",
            "return self.fc(x).squeeze(1)",
            where=(Line("net.py", 12, "return self.fc(x).squeeze()"),),
        )


class MaskedWhole(Finding, PlainloopError):
    """An attention may look at nothing: its mask hides every token.

    What it does: refuses a mask that hides all tokens of all rows.
    Why: in nn.MultiheadAttention and nn.TransformerEncoder True hides a token; in scaled_dot_product_attention it shows one.
    Example: `src_key_padding_mask=ids != 0`.
    Fix: the mask the other way round.
    """

    usual_why = "torch answers with zeros and says nothing; no gradient comes through."

    @classmethod
    def example(cls) -> MaskedWhole:
        text = "MultiheadAttention enc.self_attn gets a mask that hides every token of every row"
        return cls(text, "A mask that hides the padding alone.", "mask = ~mask  # True hides a token")


class LeftInEval(Finding, Notice):
    """The model, or a part of it, is in evaluation mode.

    What it does: names the dropout and batch normalisation that are switched off.
    Why: dropout does nothing and batch normalisation does not adapt unless the loop calls model.train().
    Example: `model.eval()` after a look at the scores, then training.
    Fix: model.train() at the start of every epoch.
    """

    usual_why = "In evaluation mode dropout does nothing and batch normalisation keeps its first statistics."

    @classmethod
    def example(cls) -> LeftInEval:
        return cls("The model is in evaluation mode, with Dropout drop", "Training mode.", "model.train()")


class DropoutAlwaysOn(Finding, Notice):
    """Dropout stays on in evaluation mode.

    What it does: runs the model in evaluation mode and looks for F.dropout that is on.
    Why: every score is then partly chance, and the validation loss too high.
    Example: `F.dropout(x, 0.5)`, which does not know the mode of the model.
    Fix: training=self.training.
    """

    usual_why = "F.dropout does not know the mode of the model: every prediction would be partly chance."

    @classmethod
    def example(cls) -> DropoutAlwaysOn:
        return cls(
            "Dropout stays on in evaluation mode",
            "Dropout in training mode only.",
            "x = F.dropout(x, 0.5, training=self.training)",
            where=(Line("net.py", 12, "x = F.dropout(x, 0.5)"),),
        )


class StaysOnCpu(Finding, Notice):
    """A tensor of the model would not move along to another device.

    What it does: finds tensors that forward makes without a device, and tensors kept as plain attributes.
    Why: all is well on the CPU; on a GPU the first batch fails. A plain attribute is not saved with the weights either.
    Example: `torch.zeros(len(x), 16)` in forward.
    Fix: device=x.device, or register_buffer.
    """

    usual_why = 'On the CPU all is well; after model.to("cuda") this tensor stays behind and the first batch fails.'

    @classmethod
    def example(cls) -> StaysOnCpu:
        return cls(
            "forward makes a tensor on the CPU, whatever device the model is on",
            "A tensor on the device of the inputs.",
            "h = torch.zeros(len(x), 16, device=x.device)",
            where=(Line("net.py", 12, "h = torch.zeros(len(x), 16)"),),
        )
