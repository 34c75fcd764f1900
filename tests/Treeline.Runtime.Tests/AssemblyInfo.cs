// One test at a time: tests look at the tree, the threads and the descriptors of the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
