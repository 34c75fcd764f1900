// One test at a time: tests look at the tree of the whole process, at the unobserved errors and at the bytes allocated.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
