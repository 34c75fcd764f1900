namespace Treeline.Tests.Combinators;

public sealed class SorterTests
{
    [Fact]
    public void It_gives_them_in_order_however_they_come_within_the_span()
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        foreach (int makers in (int[])[1, 2, 16, 17, 100])
        {
            var sorter = new Sorter<int>(makers);
            var outside = new List<int>();
            int made = 0;
            int taken = 0;
            while (taken < 1000)
            {
                while (made < taken + makers)
                {
                    outside.Add(made++);
                }

                // Some of what is under way comes, in any order.
                int which = random.Next(outside.Count);
                sorter.Add(new Parcel<int>(outside[which], outside[which]));
                outside.RemoveAt(which);
                while (sorter.TakeNext() is { } parcel)
                {
                    Assert.Equal(taken++, parcel.Take());
                }
            }
        }
    }
}
