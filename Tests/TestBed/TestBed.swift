package enum TestBed {}
