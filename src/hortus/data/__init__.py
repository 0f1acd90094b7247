"""What came in: tables read, typed, checked and split."""
