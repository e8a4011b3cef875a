"""Findings of the pre-flight about data: its types, its shapes, its labels, its scale."""

from __future__ import annotations

from ..problems import Notice, PlainloopError
from .check_finding import Finding
from .check_lines import Line


class DataUnusable(Finding, PlainloopError):
    """No batch can be made of the data.

    What it does: refuses data that has no rows or no labels, whose items cannot be read or do not stack, or whose parts differ in
    length; it names the items.
    Why: training would stop at the first such batch.
    Example: a Dataset whose pictures have different sizes.
    Fix: the line that is printed.
    """

    usual_why = "Training would stop at the first such batch."

    @classmethod
    def example(cls) -> DataUnusable:
        return cls(
            "Items 0 and 3 of the dataset do not make a batch: Tensor of shape (5,) and Tensor of shape (7,)",
            "Items of one shape, so that they can be stacked.",
            "torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)  # in a collate_fn, or bring all to one size",
            where=(Line("rows.py", 12, "return self.x[i], self.y[i]"),),
        )


class WrongInputType(Finding, PlainloopError):
    """The inputs have another type of number than the layer computes with.

    What it does: refuses float64, whole numbers and bytes where a layer has float32 weights, and floats where an embedding wants
    whole numbers.
    Why: torch multiplies only numbers of one type; NumPy makes float64, pictures are bytes.
    Example: `torch.from_numpy(array)` of a NumPy array, into `nn.Linear`.
    Fix: a cast where the data is made.
    """

    usual_why = "torch computes with numbers of one type; NumPy makes float64 and pictures are bytes."

    @classmethod
    def example(cls) -> WrongInputType:
        return cls(
            "Linear fc1 gets float64 and has weights of float32",
            "Inputs of float32.",
            "X = X.float()",
            where=(Line("net.py", 12, "return self.fc1(x)"), Line("train.py", 5, "X = torch.from_numpy(array)")),
        )


class WrongLabelType(Finding, PlainloopError):
    """The labels have another type of number than the loss takes.

    What it does: refuses float labels for cross-entropy, whole numbers for binary cross-entropy, one-hot rows of whole numbers.
    Why: cross-entropy takes class numbers (int64), binary cross-entropy takes probabilities (float32).
    Example: `nn.CrossEntropyLoss()` with `y.float()`.
    Fix: a cast where the labels are made.
    """

    usual_why = "Cross-entropy takes class numbers (int64); binary cross-entropy and squared errors take float32."

    @classmethod
    def example(cls) -> WrongLabelType:
        return cls("cross_entropy gets labels of float32", "Class numbers of int64.", "y = y.long()")


class LossInDouble(Finding, Notice):
    """The labels are float64 and the scores are not, so that the loss is computed in float64.

    What it does: compares the types of scores and labels of a squared or absolute error.
    Why: torch takes the wider type where it can; huber_loss, older torch and Apple's GPUs stop with "Found dtype Double".
    Example: labels from NumPy, which makes float64, with nn.MSELoss().
    Fix: a cast where the labels are made.
    """

    usual_why = 'torch takes the wider of the two; huber_loss, older torch and Apple\'s GPUs stop with "Found dtype Double".'

    @classmethod
    def example(cls) -> LossInDouble:
        return cls("mse_loss gets labels of float64 and scores of float32", "Labels of float32.", "y = y.float()")


class WrongLabelShape(Finding, PlainloopError):
    """The labels have an axis too many or too few for the loss.

    What it does: compares the shapes of scores and labels with what the loss takes.
    Why: the loss would fail, or compare every row with every other one.
    Example: class numbers of shape (rows, 1) for cross-entropy.
    Fix: the line that brings the labels into shape.
    """

    usual_why = "The loss compares row by row, so scores and labels must line up."

    @classmethod
    def example(cls) -> WrongLabelShape:
        return cls(
            "cross_entropy gets scores of shape (rows, 3) and labels of shape (rows, 1)",
            "Labels of shape (rows,).",
            "y = y.squeeze(1)",
        )


class LabelsOutOfRange(Finding, PlainloopError):
    """Labels lie outside what the loss can use.

    What it does: refuses class numbers below 0 or at least the number of outputs, and binary labels outside 0 to 1.
    Why: cross-entropy fails on such a label, on a GPU with a message that names no line; BCEWithLogitsLoss takes it in silence.
    Example: classes counted from 1.
    Fix: the line that brings the labels into range.
    """

    usual_why = "Cross-entropy counts classes from 0; binary cross-entropy takes 0 and 1 and nothing beyond."

    @classmethod
    def example(cls) -> LabelsOutOfRange:
        return cls("The labels go from 1 to 3 and the model has 3 outputs", "Class numbers from 0 to 2.", "y = y - 1")


class IndexOutOfRange(Finding, PlainloopError):
    """A number looks up a row of an embedding that it does not have.

    What it does: refuses indices below 0 or beyond the embedding's size and names the largest.
    Why: the lookup fails, on a GPU with a message that names no line.
    Example: `nn.Embedding(100, 16)` for words numbered 0 to 100.
    Fix: the size that is named.
    """

    usual_why = "An embedding of n rows answers to 0 ... n - 1."

    @classmethod
    def example(cls) -> IndexOutOfRange:
        return cls(
            "Embedding words has 100 rows and is asked for row 100", "Indices from 0 to 99.", "self.words = nn.Embedding(101, 16)"
        )


class NotFinite(Finding, PlainloopError):
    """A value is infinite or not a number.

    What it does: names the inputs, the labels, or the first operation that makes such a value out of finite ones.
    Why: it spreads to every weight in one step, and training is lost.
    Example: `torch.log(x)` of a zero.
    Fix: where the value comes from.
    """

    usual_why = "One such value spreads to every weight in the first step."

    @classmethod
    def example(cls) -> NotFinite:
        return cls(
            "log makes values that are not finite out of finite ones; the smallest it gets is 0",
            "Finite numbers.",
            "x = torch.log(x.clamp_min(1e-6))",
            where=(Line("net.py", 12, "x = torch.log(x)"),),
        )


class WrongDevice(Finding, PlainloopError):
    """Model, inputs, labels and what the model makes are not all on one device.

    What it does: names the tensor that is elsewhere: parameters, inputs, labels, one made in forward, a buffer not registered.
    Why: torch computes with tensors of one device only.
    Example: a model moved to "cuda", inputs that were not.
    Fix: the line that moves it.
    """

    usual_why = "torch computes with tensors of one device only."

    @classmethod
    def example(cls) -> WrongDevice:
        return cls("The model is on cuda:0 and the inputs are on cpu", "All on cuda:0.", 'X = X.to("cuda:0")')


class InputsNotScaled(Finding, Notice):
    """The first layer gets numbers that are far larger than 1.

    What it does: measures the numbers that enter the first layer with weights, after whatever the model does before it.
    Why: first weights are chosen for numbers near 1; larger ones make early steps too large, and one column drowns the others.
    Example: pictures of 0 to 255, or incomes beside ages.
    Fix: division by 255, or a mean of 0 and a deviation of 1 per column.
    """

    usual_why = "The first weights are chosen for numbers near 1; large ones make the first steps too large."

    @classmethod
    def example(cls) -> InputsNotScaled:
        return cls("Conv2d 0 gets pixels from 0 to 255", "Numbers near 1.", "X = X / 255")


class TargetsNotScaled(Finding, Notice):
    """The numbers to be learned are far from what a new network gives, which is near 0.

    What it does: compares mean and spread of the target with the first scores.
    Why: most of training would be spent on reaching the mean; standardised targets start there.
    Example: prices of 200,000 with a squared error.
    Fix: learn (y - mean) / std, and turn predictions back.
    """

    usual_why = "A new network gives numbers near 0; most steps would be spent on reaching the mean of the targets."

    @classmethod
    def example(cls) -> TargetsNotScaled:
        return cls(
            "The targets have mean 2.1e+05 and deviation 1.2e+05",
            "A mean near 0 and a deviation near 1.",
            "y = (y - y.mean()) / y.std()",
        )


class LabelsSorted(Finding, Notice):
    """The rows come in the order of their labels.

    What it does: looks whether the first batch has one class only, while the data has more and is not shuffled.
    Why: the model learns one class after the other and forgets the first.
    Example: a DataLoader without shuffle over files sorted by class.
    Fix: shuffle=True.
    """

    usual_why = "A model that sees one class after the other forgets the first."

    @classmethod
    def example(cls) -> LabelsSorted:
        return cls(
            "The rows come sorted by label: the first batch has class 0 alone, the data has 3 classes",
            "Batches with rows of all classes.",
            "loader = DataLoader(dataset, batch_size=32, shuffle=True)",
        )


class OneLabelOnly(Finding, Notice):
    """All rows have the same label.

    What it does: looks at the labels that were read.
    Why: there is nothing to tell apart; the model learns a constant.
    Example: a filter that left the rows of one class.
    Fix: look at how the labels are made.
    """

    usual_why = "There is nothing to tell apart: the model would learn a constant."

    @classmethod
    def example(cls) -> OneLabelOnly:
        return cls("All 500 labels are 0", "Labels that differ.", "print(y.unique(return_counts=True))")


class InputUnused(Finding, Notice):
    """An input has no effect on the scores.

    What it does: changes each input between rows and looks whether any score moves.
    Why: either the data is not worth giving, or forward forgot it.
    Example: `def forward(self, numbers, words)` that never uses words.
    Fix: use it in forward, or leave it out of the data.
    """

    usual_why = "Either it was forgotten in forward, or it can be left out of the data."

    @classmethod
    def example(cls) -> InputUnused:
        return cls(
            "Input 2 (words) has no effect on the scores",
            "Scores that depend on every input.",
            "h = torch.cat([numbers, words], 1)",
        )


class InputChanged(Finding, Notice):
    """Forward changes its input in place.

    What it does: looks whether the tensors of the batch still hold their values after forward.
    Why: where the batch is a view of the data, the data itself changes, a little more in every epoch.
    Example: `x /= 255`
    Fix: the same without "in place".
    """

    usual_why = "Where a batch is a view of the data, the data itself is changed, once more in every epoch."

    @classmethod
    def example(cls) -> InputChanged:
        return cls(
            "forward changes its input in place",
            "An input that is left as it is.",
            "x = x / 255",
            where=(Line("net.py", 12, "x /= 255"),),
        )
