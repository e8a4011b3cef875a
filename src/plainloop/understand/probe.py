"""From the paths a user names to a Source: which files, of what kind, in which dialect. The first step of everything.

A repair or a guess is told in a Notice with the option that overrides it; what cannot be read for certain is refused.
"""

from __future__ import annotations

import codecs
import glob
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..plain.config import Source
from ..plain.readers import tables
from ..plain.readers.encodings import not_utf8, wide
from ..plain.readers.folders import PARTS
from ..plain.readers.table_faults import DuplicateColumns
from ..problems import Notice, nearest
from .dialect import Dialect, find_dialect
from .encoding_guess import other_script
from .file_notices import DecimalComma, EncodingGuessed, HeaderGuessed, MemberChosen, QuotesAsText
from .file_problems import (
    ControlCharacters,
    EmptyFile,
    FileMissing,
    FolderWithoutTables,
    MixedEncodings,
    NotATable,
    NullBytes,
    SameFileTwice,
    UnknownEncoding,
    ZipUnclear,
)
from .folder_parts import divided, files_by_part

NAMES = {"in_out": ("in", "out"), "labelled": ("text", "label")}  # the columns of lines that name none
MISSING = ("?", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "null", "NULL", "Null", "None", "NaT", "#N/A", "-", ".")
ENDINGS = (
    *(".csv", ".tsv", ".tab", ".txt", ".data", ".dat", ".xlsx", ".parquet", ".arrow", ".feather"),
    *(".jsonl", ".ndjson", ".json", ".arff"),
)
WORKBOOK = "an Excel workbook"
BIGGEST_MEMBER = 5_000_000_000  # bytes of a zip member without its compression

# First bytes -> what the file is, and what to do about it.
MAGIC = {
    b"\x89PNG": ("a PNG picture", "name the table instead of the picture"),
    b"\xff\xd8\xff": ("a JPEG picture", "name the table instead of the picture"),
    b"GIF8": ("a GIF picture", "name the table instead of the picture"),
    b"%PDF": ("a PDF document", "export the table as CSV"),
    b"SQLite format 3": ("an SQLite database", "export the table as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", "save the sheet as CSV"),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it"),
    b"\x28\xb5\x2f\xfd": ("a zstd archive", "unpack it with unzstd"),
    b"Rar!": ("a RAR archive", "unpack it"),
    b"\x89HDF": ("an HDF5 file", "write the table as Parquet"),
    b"\x93NUMPY": ("a NumPy array", "load it in Python: X = numpy.load(FILE), and with the answers: plainloop.train((X, y))"),
    b"\x80\x04\x95": ("a pickle", "write the table as Parquet: unpickling runs the code in the file"),
    b"\x80\x05\x95": ("a pickle", "write the table as Parquet: unpickling runs the code in the file"),
    b"version https://git-lfs": ("a Git LFS pointer", "fetch the file itself with git lfs pull"),
}


@dataclass(frozen=True)
class ReadOptions:
    """How the user says that the files are read; None and "" mean: find out."""

    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    encoding: str | None = None
    comment: str | None = None
    missing: tuple[str, ...] = ()  # more words that mean "no value"; "keep:NA" takes a usual one away
    member: str = ""
    skip_bad: int = 0
    quote: str | None = None
    tags: str = ""  # what stands between two labels of a cell
    apart: bool = True  # the names of the files in a folder can say their parts


def probe(
    data: str | Path | Sequence[str | Path],
    options: ReadOptions | None = None,
    *,
    validation: str | Path | Sequence[str | Path] = (),
    test: str | Path | Sequence[str | Path] = (),
    target: Sequence[str] = (),
    lines: Sequence[str] = (),
) -> tuple[Source, list[Notice]]:
    """The source behind paths, folders or patterns, and what there is to say about it. Raises `PlainloopError`.

    The dialect is found on the first file and holds for all. `target` helps to tell a header and a zip member. `lines` names
    the columns of files whose lines belong together, so many files at a time.
    """
    options = options or ReadOptions()
    parts = {name: _expand(paths) for name, paths in (("data", data), ("validation", validation), ("test", test))}
    places = [str(path) for path in ([data] if isinstance(data, (str, Path)) else data)]
    named = files_by_part(places, parts["data"]) if options.apart and not validation and not test else {}
    parts["data"] = named.get("data", parts["data"])
    files = [file for names in parts.values() for file in names]
    _check_same(parts)
    notices: list[Notice] = []
    first = files[0]
    member = _member(first, options, target, notices)
    kind = "lines" if lines else _kind(first, tables.unpacked(first, member))
    source = Source(
        reader="tables",
        format=kind,
        names=tuple(lines) or NAMES.get(kind, ()),
        data=parts["data"],
        validation=parts["validation"],
        test=parts["test"],
        member=member,
        skip_bad=options.skip_bad,
        missing=() if kind in ("lines", *NAMES) else missing_words(options.missing),
    )
    if kind in ("csv", "arff", "jsonl", "lines", *NAMES):
        source = replace(source, encoding=_encoding(first, tables.unpacked(first, member), options, notices))
    if kind == "csv":
        dialect = find_dialect(first, tables.decoded(first, source), options, target)
        source = replace(_apply(source, dialect, notices), format="workbook" if packed(first) == WORKBOOK else "csv")
    elif kind == "jsonl":
        _check_keys(first, tables.decoded(first, source))
    elif kind == "arff":
        rows = re.split(rb"(?i)\n\s*@data", tables.decoded(first, source))[-1]
        if rows.lstrip().startswith(b"{"):
            raise NotATable(first, "a sparse ARFF file", "write all its cells as CSV")
        source = replace(source, header=False, comment="%", quote="'" if b"'" in rows else '"')
    if named:
        source = divided(source, places[0], named, notices)
        files = [*source.data, *source.validation, *source.test]
    for other in files[1:]:
        if packed(other) != packed(first):
            kinds = packed(other) or "a plain file", packed(first) or "a plain file"
            raise NotATable(other, f"of another kind ({kinds[0]}) than {first} ({kinds[1]})", "write both as CSV")
        found = _kind(other, tables.unpacked(other, member))
        if found != kind and not lines:
            raise NotATable(other, f"of another kind ({found}) than {first} ({kind})", f"write it as {kind}")
        if kind not in ("parquet", "arrow") and not options.encoding and source.encoding == "utf-8":
            source = replace(source, encoding=_encoding(other, tables.unpacked(other, member), options, notices))
    loaded = tables.load(source)
    if not len(loaded.frame):
        raise EmptyFile(first, Path(first).stat().st_size, loaded.frame.columns)
    wrong = [name for name in loaded.frame.columns if not name.isprintable()]
    if wrong:
        raise ControlCharacters(first, wrong)
    return replace(source, sha256=tables.digest(files)), notices


def probe_like(
    data: str | Path | Sequence[str | Path], trained: Source, lines: Sequence[str] = ()
) -> tuple[Source, list[Notice]]:
    """The source of new files for a model trained on `trained`: the same header, missing words, decimal sign and comments.

    lines: see `probe`.
    """
    text = trained.format in ("csv", "workbook")
    options = ReadOptions(
        header=trained.header if text else None,
        comment=trained.comment if text else None,
        decimal=trained.decimal if text and trained.decimal != "." else None,
        apart=False,
    )
    source, notices = probe(data, options, lines=lines)
    return replace(source, missing=() if source.names else trained.missing), [
        notice for notice in notices if not isinstance(notice, DecimalComma)
    ]


def missing_words(given: Sequence[str]) -> tuple[str, ...]:
    """The usual words for "no value" and the given ones, without those given as keep:WORD.

    >>> missing_words(["unknown", "keep:NA"])[:3]
    ('?', 'N/A', 'n/a')
    """
    kept = {word.removeprefix("keep:") for word in given if word.startswith("keep:")}
    words = [*MISSING, *(word.strip() for word in given if not word.startswith("keep:"))]
    return tuple(word for word in dict.fromkeys(words) if word and word not in kept)


def _expand(paths: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """The files behind paths, folders and patterns."""
    found: list[str] = []
    for path in [paths] if isinstance(paths, (str, Path)) else paths:
        name = str(path)
        place = Path(name)
        if place.is_dir():
            inside = sorted(entry for entry in place.iterdir() if entry.is_file() and not entry.name.startswith("."))
            chosen = [str(entry) for entry in inside if _is_table_name(entry.name)]
            if not chosen:
                raise FolderWithoutTables(name, [entry.name for entry in inside])
            found += chosen
        elif place.exists():
            found.append(name)
        elif matches := sorted(match for match in glob.glob(name, recursive=True) if Path(match).is_file()):
            found += matches
        else:
            folder = place.parent if place.parent.is_dir() else Path(".")
            stems = {entry.name: entry.name.partition(".")[0] for entry in sorted(folder.iterdir())}
            alike = nearest(place.name.partition(".")[0], sorted(set(stems.values())))  # ".csv" makes no two names alike
            near = [name for name in nearest(place.name, list(stems)) if stems[name] in alike]
            raise FileMissing(name, [str(folder / match) if str(folder) != "." else match for match in near], str(folder))
    return tuple(found)


def _is_table_name(name: str) -> bool:
    stem = re.sub(r"\.(gz|bz2|xz|zip)$", "", name.lower())
    return stem.endswith((*ENDINGS, *(f".{word}" for word in PARTS)))  # cooking.train, as fastText names it


def _check_same(parts: dict[str, tuple[str, ...]]) -> None:
    """A train file must not be a test file too, under whatever name."""
    seen: dict[tuple[int, str], str] = {}
    for part, names in parts.items():
        for name in names:
            size = Path(name).stat().st_size
            twin = any(Path(other).stat().st_size == size for group, others in parts.items() if group != part for other in others)
            key = (size, tables.digest([name]) if twin else name)
            if key in seen and part != "data":
                raise SameFileTwice(name, seen[key], f"--{part}", parts["data"][0])
            seen[key] = name


def _kind(name: str, data: bytes) -> str:
    """csv, parquet, jsonl, arff, in_out or labelled, by the first bytes whatever the name says."""
    if not data.strip(b"\r\n\t \xef\xbb\xbf\x00"):
        raise EmptyFile(name, Path(name).stat().st_size, [])
    if data[:4] == b"PAR1":
        return "parquet"
    if data[:6] == b"ARROW1":
        return "arrow"
    for magic, (kind, remedy) in MAGIC.items():
        if data.startswith(magic):
            raise NotATable(name, kind, remedy)
    start = data[:4096].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        raise NotATable(name, "a web page", "download the file itself instead of the page about it")
    if start.startswith(b"<?xml"):
        raise NotATable(name, "an XML file", "export the table as CSV")
    if re.match(rb"(?:%[^\n]*\n\s*)*@relation\b", start):
        return "arff"
    if re.match(rb"in: .*out: ", start):
        return "in_out"
    if start.startswith(b"__label__"):
        return "labelled"
    if re.match(rb'\{\s*"|\[\s*\{', start):
        return "jsonl"
    if re.match(rb"[-+]?\d+(\.\d+)?( +\d+:[-+.\de]+)+\s*\n", start):
        remedy = "load it in Python: X, y = sklearn.datasets.load_svmlight_file(FILE), then: plainloop.train((X.toarray(), y))"
        raise NotATable(name, "sparse rows in the form of LIBSVM", remedy)
    return "csv"


def _member(name: str, options: ReadOptions, target: Sequence[str], notices: list[Notice]) -> str:
    """The member of a zip archive to read; "" where the file is no archive."""
    with open(name, "rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return ""
    try:
        archive = zipfile.ZipFile(name)
    except zipfile.BadZipFile as error:
        raise ZipUnclear(name, f"the zip archive is damaged ({error})", []) from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    names = [info.filename for info in infos]
    if tables.WORKBOOK in names:
        return _sheet(name, options, target, notices)
    if "[Content_Types].xml" in names:
        raise NotATable(name, "an Office document", "save the table as CSV")
    if any(n.endswith("/data.pkl") for n in names):
        remedy = "load its tensors in Python: torch.load(FILE), and pass them: plainloop.train((X, y))"
        raise NotATable(name, "a file of torch.save", remedy)
    outside = [n for n in names if n.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", n) or ":" in n]
    if outside:
        harmless = [inside for inside in names if inside not in outside]
        raise ZipUnclear(name, f"a member's name leads out of the archive: {outside[0]!r}", harmless)
    if options.member:
        if options.member not in names:
            raise ZipUnclear(name, f'the archive has no member "{options.member}"', names)
        infos = [info for info in infos if info.filename == options.member]
    else:
        infos = [info for info in infos if _is_table_name(info.filename) and not info.filename.startswith("__MACOSX")]
    if not infos:
        raise ZipUnclear(name, "no member is a table", names)
    infos.sort(key=lambda info: -info.file_size)
    if infos[0].file_size > BIGGEST_MEMBER:
        raise ZipUnclear(name, f"{infos[0].filename} would be {infos[0].file_size} bytes large", names)
    chosen = infos[0]
    if len(infos) > 1:
        chosen = next((info for info in infos if set(target) <= _names(name, info.filename, options)), chosen)
        notices.append(MemberChosen(name, chosen.filename, [info.filename for info in infos if info is not chosen]))
    return chosen.filename


def packed(name: str) -> str:
    """What holds the table of a file, if it does not lie there by itself."""
    if not zipfile.is_zipfile(name):
        return ""
    with zipfile.ZipFile(name) as archive:
        return WORKBOOK if tables.WORKBOOK in archive.namelist() else "a zip archive"


def _sheet(name: str, options: ReadOptions, target: Sequence[str], notices: list[Notice]) -> str:
    """The sheet of a workbook to read."""
    from ..logs import needed

    needed("fastexcel", "fastexcel", "excel", option=f"{name} is an Excel workbook, and reading it")
    from ..plain.readers.workbooks import sheets

    found = sheets(name, Path(name).read_bytes())
    if options.member and options.member not in found:
        problem = f'the workbook has no sheet "{options.member}"' if found else "every sheet is empty"
        raise ZipUnclear(name, problem, list(found), "workbook")
    if not found:
        raise ZipUnclear(name, "every sheet is empty", [], "workbook")
    if options.member or len(found) == 1:
        return options.member or next(iter(found))
    by_size = sorted(found, key=lambda one: -found[one])
    chosen = next((one for one in by_size if set(target) <= _names(name, one, options)), by_size[0])
    notices.append(MemberChosen(name, chosen, [one for one in found if one != chosen], "workbook"))
    return chosen


def _names(name: str, member: str, options: ReadOptions) -> set[str]:
    """The column names of the table in a zip member, as far as its first line tells; none where it is no delimited text."""
    head = tables.unpacked(name, member)[:65536]
    line = head.split(b"\n")[0].decode(options.encoding or "utf-8", "replace")
    return {word.strip().strip("\"'") for word in re.split(r"[;,\t|]", line)}


def _encoding(name: str, data: bytes, options: ReadOptions, notices: list[Notice]) -> str:
    """utf-8, utf-16 or utf-32, else cp1252, all but the first with a notice; NUL bytes are refused."""
    if options.encoding:
        try:
            codecs.lookup(options.encoding)
        except LookupError:
            raise UnknownEncoding(name, options.encoding) from None
        return options.encoding
    if found := wide(data):
        marked = found in ("utf-16", "utf-32")
        why = f"it starts with the mark of {found.upper()}" if marked else "every other byte is zero"
        notices.append(EncodingGuessed(name, found, why))
        return found
    if b"\x00" in data:
        raise NullBytes(name, data[: data.index(b"\x00")].count(b"\n") + 1, data.count(b"\x00"))
    wrong = not_utf8(data)
    if wrong < 0:
        return "utf-8"
    line = data[:wrong].count(b"\n") + 1
    if other := other_script(data):
        notices.append(EncodingGuessed(name, other, f"byte 0x{data[wrong]:02X} in line {line} is no UTF-8"))
        return other
    letters = re.search(rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}", data)
    if letters:
        raise MixedEncodings(name, line, data[wrong], data[: letters.start()].count(b"\n") + 1)
    notices.append(EncodingGuessed(name, "cp1252", f"byte 0x{data[wrong]:02X} in line {line} is no UTF-8"))
    return "cp1252"


def _check_keys(name: str, data: bytes) -> None:
    """Refuses a key that stands twice in an object; looks at the first lines, for what writes one writes all."""
    for line in data[:65536].split(b"\n")[:-1]:
        try:
            pairs = json.loads(line, object_pairs_hook=list)
        except ValueError:
            return  # the reader will name the line
        keys = [key for key, _ in pairs] if isinstance(pairs, list) and all(isinstance(pair, tuple) for pair in pairs) else []
        if len(set(keys)) < len(keys):
            raise DuplicateColumns(name, sorted({key for key in keys if keys.count(key) > 1}))


def _apply(source: Source, dialect: Dialect, notices: list[Notice]) -> Source:
    first = source.data[0]
    if dialect.no_header:
        notices.append(HeaderGuessed(first, dialect.columns, dialect.no_header))
    if dialect.loose_quote:
        notices.append(QuotesAsText(first, dialect.loose_quote))
    if dialect.decimal_example:
        notices.append(DecimalComma(first, dialect.decimal_example))
    return replace(
        source,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        decimal=dialect.decimal,
        header=dialect.header,
        comment=dialect.comment,
    )
