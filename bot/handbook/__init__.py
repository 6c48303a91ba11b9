"""The お悩みハンドブック: what fits, on which paper, kept for whom, and how it is used."""
