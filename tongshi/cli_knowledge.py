"""`tongshi knowledge`: what the knowledge base holds, and the life of its articles."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from tongshi.cli_base import Json, check_language, console, print_json, ready, user
from tongshi.errors import TongshiError, Unavailable
from tongshi.settings import get_settings

if TYPE_CHECKING:
    from tongshi.knowledge.articles import Article
    from tongshi.knowledge.base import KnowledgeBase
    from tongshi.knowledge.editing import Editor, Entry
    from tongshi.knowledge.writing import Change

knowledge = typer.Typer(no_args_is_help=True, help="The knowledge base.")

Collection = Annotated[str, typer.Option(help="Which collection the article is in.")]
Lang = Annotated[str | None, typer.Option(help="Language of the article; not needed where it is there in one only.")]
Note = Annotated[str, typer.Option(help="Why; kept with the version.")]
Written = Annotated[
    Path | None, typer.Option(help="Take it from a Markdown file, `-` for standard input; your editor by default.")
]
By = Annotated[str, typer.Option(help="Who does it; your name on this machine by default.")]


_WAITING = "They wait for approval: tongshi knowledge list --status draft, then approve."


@knowledge.command("search")
def knowledge_search(
    question: str,
    collection: Annotated[str, typer.Option(help="Which collection to search.")] = "shop",
    lang: Annotated[str | None, typer.Option(help="Preferred language of what is found.")] = None,
    as_json: Json = False,
) -> None:
    """What the knowledge base holds on a question, best first."""
    from tongshi.knowledge.base import make_knowledge_base
    from tongshi.language.identify import get_identifier
    from tongshi.storage.database import get_database

    settings = ready()
    language = lang or get_identifier()(question).language or settings.language
    found = make_knowledge_base(settings, get_database()).search(question, language, collection)
    rows = [
        {"article": one.article, "lang": one.language, "title": one.title, "score": round(one.score, 4), "text": one.text}
        for one in found.passages
    ]
    if as_json:
        return print_json(rows)
    table = Table("article", "lang", "score", "text")
    for row in rows:
        table.add_row(row["article"], row["lang"], f"{row['score']:.2f}", row["text"])
    console.print(table)


@knowledge.command("import")
def knowledge_import(
    source: Annotated[str | None, typer.Argument(help="File, folder, or address of a page or sitemap.")] = None,
    urls: Annotated[Path | None, typer.Option(help="A file of addresses of pages and sitemaps, one a line.")] = None,
    collection: Annotated[str, typer.Option(help="Where to put it; made if it is not there.")] = "imported",
    draft: Annotated[
        bool | None,
        typer.Option(
            "--draft/--approve", help="Whether a person has to approve it first; in 'shop' so unless --approve is given."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in files of .md .txt .html .pdf .docx .csv .jsonl .eml .mbox, or web pages; what has not changed is not touched."""
    from tongshi.knowledge.base import SHOP, make_knowledge_base
    from tongshi.knowledge.fetching import is_address, listed
    from tongshi.storage.database import get_database

    if (source is None) == (urls is None):
        raise TongshiError("Name a file, a folder or an address, or give --urls FILE.")
    addresses = listed(urls) if urls else [source] if is_address(source) else []
    base = make_knowledge_base(ready(), get_database())
    draft = collection == SHOP if draft is None else draft
    with Progress(console=Console(stderr=True)) as bar:
        if addresses:
            change, failures = _import_pages(base, addresses, collection, draft, bar)
        else:
            change, failures = _import_files(base, Path(source), collection, draft, bar)
    value = {**asdict(change), "failed": [{"file": file, "reason": reason} for file, reason in failures]}
    if as_json:
        print_json(value)
    else:
        console.print(f"{change.added} added, {change.changed} changed, {change.same} as they were, in {collection!r}.")
        if draft and change.any:
            console.print(_WAITING)
        elif collection != SHOP:
            console.print(f"The chat asks {SHOP!r} alone; --collection {SHOP} has it answer from them.")
        for file, reason in failures:
            console.print(f"[red]{escape(file)}: {escape(reason)}[/red]", soft_wrap=True)
    if failures and not (change.any or change.same):
        raise typer.Exit(1)


def _import_files(
    base: KnowledgeBase, path: Path, collection: str, draft: bool, bar: Progress
) -> tuple[Change, list[tuple[str, str]]]:
    from tongshi.knowledge.importing import read, take_in

    files, articles = bar.add_task("files"), bar.add_task("articles")
    reading = read(path, progress=lambda done, total: bar.update(files, completed=done, total=total))
    change, failures = take_in(
        base.writer,
        reading,
        collection,
        draft=draft,
        progress=lambda done, total: bar.update(articles, completed=done, total=total),
    )
    if change.any and not draft:
        base.index(collection)
    bar.update(articles, completed=1, total=1)
    return change, failures


def _import_pages(
    base: KnowledgeBase, addresses: list[str], collection: str, draft: bool, bar: Progress
) -> tuple[Change, list[tuple[str, str]]]:
    from tongshi.knowledge.fetching import WebReader
    from tongshi.knowledge.importing import take_in
    from tongshi.knowledge.writing import Change
    from tongshi.storage.database import get_database
    from tongshi.storage.knowledge import KnowledgeStore

    store = KnowledgeStore(get_database())
    taken = {(row.article_id, row.language): row.source for row in store.rows(collection)}
    pages = bar.add_task("pages")
    change, failures = Change(0, 0, 0, 0), []
    for batch in WebReader(store.pages(collection), taken).batches(addresses):
        changed, failed = take_in(base.writer, batch.reading, collection, draft=draft)
        change += changed + Change(0, 0, 0, batch.same)
        store.keep_pages(collection, batch.pages)
        failures += failed
        bar.update(pages, completed=batch.done, total=batch.total)
    return change, failures


def _editor(collection: str) -> Editor:
    from tongshi.knowledge.editing import make_editor
    from tongshi.storage.database import get_database

    return make_editor(ready(), get_database(), collection)


def _language(editor: Editor, article_id: str, lang: str | None) -> str:
    """The language asked for, else the only one in which an article is there."""
    if lang is not None:
        return lang
    there = [one.article.language for one in editor.entries(article_id=article_id)]
    if len(there) > 1:
        raise TongshiError(f"{article_id} is there in {' '.join(there)}; say which with --lang.")
    return there[0] if there else get_settings().language


def _report(entry: Entry, as_json: bool, **more: object) -> None:
    """Print where an article stands after a change."""
    if as_json:
        return print_json({**entry.as_dict(), **more})
    waits = f", version {entry.draft} waits for approval" if entry.draft not in (None, entry.version) else ""
    console.print(f"{entry.article.article_id} ({entry.article.language}): {entry.status}, version {entry.version}{waits}.")


@knowledge.command("list")
def knowledge_list(
    lang: Annotated[str | None, typer.Option(help="Of one language only.")] = None,
    status: Annotated[str | None, typer.Option(help="draft (also a draft of an approved article), approved or retired.")] = None,
    tag: Annotated[str | None, typer.Option(help="With a tag.")] = None,
    owner: Annotated[str | None, typer.Option(help="Of an owner.")] = None,
    words: Annotated[str | None, typer.Option(help="Whose id, title, text or questions hold these words.")] = None,
    collection: Annotated[str, typer.Option(help="Of which collection.")] = "shop",
    as_json: Json = False,
) -> None:
    """Articles of a collection, of any status."""
    _print_entries(_editor(collection).entries(language=lang, status=status, tag=tag, owner=owner, words=words), as_json)


@knowledge.command("outdated")
def knowledge_outdated(
    collection: Annotated[str, typer.Option(help="Of which collection.")] = "shop", as_json: Json = False
) -> None:
    """Translations whose originals say something else by now, hold at other times or are retired."""
    _print_entries(_editor(collection).outdated(), as_json)


def _print_entries(entries: list[Entry], as_json: bool) -> None:
    if as_json:
        return print_json([one.summary() for one in entries])
    table = Table("article", "lang", "status", "version", "draft", "owner", "valid", "title")
    for one in entries:
        row = one.summary()
        valid = f"{row['valid_from']}–{row['valid_until']}".strip("–")
        texts = (
            row["article"],
            row["lang"],
            row["status"],
            row["version"],
            row["draft"] or "",
            row["owner"],
            valid,
            row["title"],
        )
        table.add_row(*(escape(str(text)) for text in texts))
    console.print(table)


@knowledge.command("show")
def knowledge_show(
    article_id: str,
    lang: Lang = None,
    version: Annotated[int | None, typer.Option(help="As this version has it; as search sees it by default.")] = None,
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """An article as its editor sees it."""
    from tongshi.knowledge.editing import as_markdown

    editor = _editor(collection)
    entry = editor.entry(article_id, _language(editor, article_id, lang))
    if version is not None:
        kept = editor.at_version(article_id, entry.article.language, version)
        entry = replace(entry, article=kept.article, status=kept.status, version=kept.number)
    if as_json:
        return print_json(entry.as_dict())
    _report(entry, False)
    print(as_markdown(entry.article))


@knowledge.command("new")
def knowledge_new(
    article_id: str,
    lang: Annotated[str, typer.Option(help="Language of the article.")],
    file: Written = None,
    note: Note = "",
    approve: Annotated[bool, typer.Option("--approve", help="Have search see it at once.")] = False,
    by: By = "",
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """Write an article; it is a draft until it is approved."""
    from tongshi.knowledge.articles import Article

    editor = _editor(collection)
    if any(one.article.language == lang for one in editor.entries(article_id=article_id)):
        raise TongshiError(f"There is an article {article_id!r} in {lang!r}; use `tongshi knowledge edit`.")
    blank = Article(article_id, lang, "", "")
    article = _edited(blank, file)
    if article is None:
        raise TongshiError("Nothing was written, so nothing is kept.")
    _keep_draft(editor, article, 0, note, approve, by, as_json)


@knowledge.command("edit")
def knowledge_edit(
    article_id: str,
    lang: Lang = None,
    file: Written = None,
    note: Note = "",
    approve: Annotated[bool, typer.Option("--approve", help="Have search see the change at once.")] = False,
    by: By = "",
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """Change an article, or its draft where one waits; the change is a draft until it is approved."""
    editor = _editor(collection)
    entry = editor.entry(article_id, _language(editor, article_id, lang))
    before = editor.latest(article_id, entry.article.language)
    article = _edited(before, file)
    if article is None or article == before:
        console.print("Nothing was changed.")
        return
    _keep_draft(editor, article, entry.newest, note, approve, by, as_json)


def _keep_draft(editor: Editor, article: Article, upon: int, note: str, approve: bool, by: str, as_json: bool) -> None:
    with _kept_on_error(article):
        entry = editor.draft(article, by or user(), note, upon)
        if approve:
            entry = editor.approve(*article.key, by or user())
    _report(entry, as_json)


def _edited(article: Article, file: Path | None) -> Article | None:
    """An article as a file or a person's editor has it; None where the editor was left without a change."""
    from tongshi.knowledge.editing import as_markdown, from_markdown

    if file is not None:
        try:
            text = sys.stdin.read().removeprefix("\ufeff") if str(file) == "-" else file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise TongshiError(f"{file} cannot be read: {error}") from error
        return from_markdown(text, article)
    try:
        text = click.edit(as_markdown(article), extension=".md")
    except click.ClickException as error:
        raise TongshiError(f"{error.format_message()} Set EDITOR, or use --file.") from error
    if text is None:
        return None
    with _kept_on_error(text):
        return from_markdown(text, article)


@contextmanager
def _kept_on_error(work: Article | str) -> Iterator[None]:
    """Keeps a person's work in a file where it could not be kept in the database, and says where."""
    from tongshi.knowledge.editing import as_markdown

    try:
        yield
    except Exception as error:  # whatever it is, the work must not be lost with it
        with tempfile.NamedTemporaryFile("w", suffix=".md", delete=False, encoding="utf-8") as file:
            file.write(work if isinstance(work, str) else as_markdown(work))
        raise TongshiError(
            f"{str(error) or type(error).__name__} What you wrote is in {file.name}; mend it there and give it with --file."
        ) from error


@knowledge.command("approve")
def knowledge_approve(
    article_ids: Annotated[list[str] | None, typer.Argument(help="Which articles.")] = None,
    lang: Lang = None,
    all_drafts: Annotated[bool, typer.Option("--all", help="All drafts of the collection, or of --lang.")] = False,
    up_to_date: Annotated[
        bool, typer.Option("--up-to-date", help="A translation says what its original says; it is no longer outdated.")
    ] = False,
    over_newer: Annotated[
        bool, typer.Option("--over-newer", help="Also a draft that is older than what search sees, which it takes the place of.")
    ] = False,
    note: Note = "",
    by: By = "",
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """Have search see drafts, or articles that were retired; what somebody has changed meanwhile is left and told."""
    from tongshi.storage.knowledge import Conflict

    editor = _editor(collection)
    if bool(article_ids) == all_drafts:
        raise TongshiError("Name the articles, or give --all for all drafts.")
    if all_drafts:
        keys = [one.article.key for one in editor.entries(language=lang, status="draft")]
    else:
        keys = [(article_id, _language(editor, article_id, lang)) for article_id in article_ids]
    entries, left = [], []
    for key in keys:
        try:
            entries.append(editor.approve(*key, by or user(), note, up_to_date=up_to_date, over_newer=over_newer))
        except Conflict as conflict:
            left.append(str(conflict))
    if as_json:
        print_json([one.as_dict() for one in entries])
    else:
        for entry in entries:
            _report(entry, False)
    if left:
        raise TongshiError("\n".join([*left, "To approve a draft over what is newer, give --over-newer."]))


@knowledge.command("retire")
def knowledge_retire(
    article_id: str,
    lang: Lang = None,
    all_languages: Annotated[bool, typer.Option("--all-languages", help="In every language in which it is there.")] = False,
    note: Note = "",
    by: By = "",
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """Take an article out of search; its versions stay, and `approve` brings it back."""
    editor = _editor(collection)
    there = [one.article.language for one in editor.entries(article_id=article_id)]
    language = lang or there[0] if all_languages and there else _language(editor, article_id, lang)
    entry = editor.retire(article_id, language, by or user(), note, all_languages=all_languages)
    live = editor.live_in(article_id)
    _report(entry, as_json, live_in=live)
    if live and not as_json:
        console.print(f"Customers are still answered from it in {' '.join(live)}; --all-languages retires it there as well.")


@knowledge.command("history")
def knowledge_history(article_id: str, lang: Lang = None, collection: Collection = "shop", as_json: Json = False) -> None:
    """All versions of an article, newest first."""
    editor = _editor(collection)
    rows = [one.as_dict() for one in editor.versions(article_id, _language(editor, article_id, lang))]
    if as_json:
        return print_json(rows)
    table = Table("version", "status", "author", "at", "note", "title")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row.values()))
    console.print(table)


@knowledge.command("diff")
def knowledge_diff(
    article_id: str,
    old: Annotated[int | None, typer.Argument(help="Version to compare with; the last that search saw by default.")] = None,
    new: Annotated[int | None, typer.Argument(help="Version; the newest by default.")] = None,
    lang: Lang = None,
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """What changed between two versions of an article."""
    editor = _editor(collection)
    text = editor.diff(article_id, _language(editor, article_id, lang), old, new)
    if as_json:
        return print_json({"diff": text})
    print(text or "They are the same.")


@knowledge.command("rollback")
def knowledge_rollback(
    article_id: str,
    version: int,
    lang: Lang = None,
    note: Note = "",
    by: By = "",
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """Have search see an article as an earlier version has it; a draft of it no longer waits."""
    editor = _editor(collection)
    _report(editor.rollback(article_id, _language(editor, article_id, lang), version, by or user(), note), as_json)


@knowledge.command("translate")
def knowledge_translate(
    article_id: str,
    to: Annotated[str, typer.Option(help="Language that is wanted.")],
    lang: Annotated[
        str | None, typer.Option("--from", help="Language to translate from; the settings' language by default.")
    ] = None,
    by: By = "",
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """Have the language model draft a translation, for a person to read and approve."""
    from tongshi.llm.drafting import draft_translation, make_drafter
    from tongshi.llm.server import language_model
    from tongshi.storage.database import get_database

    settings, editor = get_settings(), _editor(collection)
    check_language(to, "--to")
    there = [one.article.language for one in editor.entries(article_id=article_id)]
    source = lang or (settings.language if settings.language in there else _language(editor, article_id, None))
    drafter = make_drafter(settings, get_database())
    with language_model(settings, drafter.model):
        entry, drafted = draft_translation(drafter, editor, article_id, source, to, by or user())
    _report(entry, as_json, differences=drafted.differences)
    if not as_json:
        print(f"\n{drafted.title}\n\n{drafted.text}\n")
        for difference in drafted.differences:
            console.print(f"[red]{escape(difference)}[/red]", soft_wrap=True)


@knowledge.command("questions")
def knowledge_questions(
    article_id: Annotated[str | None, typer.Argument(help="Which article.")] = None,
    lang: Lang = None,
    number: Annotated[int, typer.Option(min=1, max=30, help="How many to ask for.")] = 8,
    all_articles: Annotated[
        bool, typer.Option("--all", help="For all approved articles, or those in --lang, of which no draft waits.")
    ] = False,
    fewer_than: Annotated[int, typer.Option(min=1, help="With --all: for those that have fewer questions than that.")] = 5,
    by: By = "",
    collection: Collection = "shop",
    as_json: Json = False,
) -> None:
    """Have the language model draft similar questions, for a person to read and approve."""
    from tongshi.llm.drafting import draft_questions, make_drafter, short_of_questions
    from tongshi.llm.server import language_model
    from tongshi.storage.database import get_database

    if (article_id is None) != all_articles:
        raise TongshiError("Name an article, or give --all for all that have few questions.")
    check_language(lang)
    settings, editor = get_settings(), _editor(collection)
    drafter = make_drafter(settings, get_database())
    with language_model(settings, drafter.model):
        if all_articles:
            keys = [one.article.key for one in short_of_questions(editor, fewer_than, lang)]
            return _draft_for_all(keys, lambda key: draft_questions(drafter, editor, *key, number, by or user()), as_json)
        entry, drafted = draft_questions(drafter, editor, article_id, _language(editor, article_id, lang), number, by or user())
    _report(entry, as_json, drafted=drafted)
    if not as_json:
        print("\n".join(drafted))


def _draft_for_all(
    keys: list[tuple[str, str]], draft: Callable[[tuple[str, str]], tuple[Entry, list[str]]], as_json: bool
) -> None:
    """Draft questions for one article after the other, and tell what came of each, also where it is broken off.

    Raises:
        Unavailable: the language model does not answer.
    """
    drafted, failed = {}, {}
    try:
        with Progress(console=Console(stderr=True)) as bar:
            for key in bar.track(keys, description="articles"):
                try:
                    drafted[key] = draft(key)[1]
                except Unavailable:
                    raise
                except TongshiError as error:
                    failed[key] = str(error)
    finally:
        _report_drafted(drafted, failed, as_json)


def _report_drafted(drafted: dict[tuple[str, str], list[str]], failed: dict[tuple[str, str], str], as_json: bool) -> None:
    if as_json:
        return print_json(
            {
                "drafted": [{"article": one, "lang": language, "questions": new} for (one, language), new in drafted.items()],
                "failed": [{"article": one, "lang": language, "reason": why} for (one, language), why in failed.items()],
            }
        )
    for (article_id, language), questions in drafted.items():
        console.print(f"{escape(article_id)} ({language}): {len(questions)} drafted.")
    for (article_id, language), reason in failed.items():
        console.print(f"[red]{escape(article_id)} ({language}): {escape(reason)}[/red]", soft_wrap=True)
    console.print(_WAITING if drafted else "Nothing was drafted.")


@knowledge.command("calibrate")
def knowledge_calibrate() -> None:
    """Learn anew how articles are reranked, how scores become probabilities, and from which one an answer is given.

    With similar questions: from those of the shop, each held out in turn. Without: from what is asked of invented businesses and help
    centres of the split validation. Writes tongshi/knowledge/calibration.yml.
    """
    from tongshi.evaluation.collections import business_collections, centre_collections
    from tongshi.knowledge.calibrate import (
        KnownLogits,
        as_yaml,
        fit_reading,
        fit_reranker,
        fit_to_passages,
        fit_to_similar_questions,
    )
    from tongshi.knowledge.index import CALIBRATION
    from tongshi.language.cross import get_cross_encoder
    from tongshi.language.vectors import get_encoder
    from tongshi.storage.database import get_database
    from tongshi.storage.knowledge import KnowledgeStore

    settings = ready()
    encoder, judge = get_encoder(settings.encoder), KnownLogits(get_cross_encoder())
    businesses = list(business_collections(settings.data, encoder, "validation"))
    invented = [*businesses, *centre_collections(settings.data, encoder, "validation")]
    keys = KnowledgeStore(get_database()).keys("shop")
    reranker = fit_reranker(businesses, encoder)
    weight = fit_reading(invented, encoder, reranker, judge)
    linear, off = fit_to_similar_questions(keys, [reranker, None])
    text = as_yaml(
        {
            "cross": ({"weight": weight}, {"passages": fit_to_passages(invented, encoder, reranker, (judge, weight))}),
            "linear": (
                {"weights": reranker.weights},
                {"questions": linear, "passages": fit_to_passages(invented, encoder, reranker)},
            ),
            "off": ({}, {"questions": off, "passages": fit_to_passages(invented, encoder, None)}),
        }
    )
    CALIBRATION.write_text(text, "utf-8")
    console.print(text, markup=False)
