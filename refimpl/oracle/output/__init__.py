"""What a run leaves behind for people and programs: terminal, documents, data, report files, vectors, the page."""
