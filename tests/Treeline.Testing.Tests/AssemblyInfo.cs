// One test at a time: tests look at the tree of the whole process, and at its threads.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
