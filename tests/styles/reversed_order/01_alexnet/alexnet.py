"""AlexNet, reversed order style: layers defined from the last to the first, own init loop."""

from torch import Tensor, nn


class AlexNet(nn.Module):
    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.drop = nn.Dropout(dropout)
        self.fc3 = nn.Linear(4096, num_classes)
        self.fc2 = nn.Linear(4096, 4096)
        self.fc1 = nn.Linear(9216, 4096)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(256)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2)
        self.bn1 = nn.BatchNorm2d(96)
        self.conv1 = nn.Conv2d(3, 96, 11, stride=4)
        for m in self.modules():
            if isinstance(m, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.constant_(m.bias, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        # pooling commutes with ReLU, and so there is less work for ReLU
        x = self.relu(self.pool(self.bn1(self.conv1(x))))
        x = self.relu(self.pool(self.bn2(self.conv2(x))))
        x = self.relu(self.conv3(x))
        x = self.relu(self.conv4(x))
        x = self.relu(self.pool(self.conv5(x)))
        x = x.view(x.size(0), -1)
        x = self.relu(self.drop(self.fc1(x)))  # dropout commutes with ReLU too
        x = self.relu(self.drop(self.fc2(x)))
        return self.fc3(x)
