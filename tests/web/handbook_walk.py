"""Walking through the questions of the handbook in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page


def next_question(page: Page, *options: str) -> None:
    for option in options:
        page.locator(f'label.choice:has(input[value="{option}"])').click()
    page.locator('.buttons button[value="answer"]').click()


def walk_to_result(page: Page, site: str, *answers: tuple[str, ...]) -> None:
    """Begin, give these options to one question after the other, and ask for the result."""
    page.goto(f"{site}/handbook")
    page.locator('button[value="start"]').click()
    for options in answers:
        next_question(page, *options)
    page.locator('button[value="enough"]').click()
    page.wait_for_selector("article")
